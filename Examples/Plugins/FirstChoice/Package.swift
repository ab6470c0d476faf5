// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "FirstChoice",
    products: [.library(name: "first-choice", type: .dynamic, targets: ["FirstChoice"])],
    dependencies: [.package(name: "SutureKit", path: "../../../Sources")],
    targets: [
        .target(
            name: "FirstChoice",
            dependencies: [
                .product(name: "CSuture", package: "SutureKit"), .product(name: "SutureKit", package: "SutureKit"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
