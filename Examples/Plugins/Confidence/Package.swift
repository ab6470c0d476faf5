// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Confidence",
    products: [.library(name: "confidence", type: .dynamic, targets: ["Confidence"])],
    dependencies: [.package(name: "SutureKit", path: "../../../Sources")],
    targets: [
        .target(
            name: "Confidence",
            dependencies: [
                .product(name: "CSuture", package: "SutureKit"), .product(name: "SutureKit", package: "SutureKit"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
