// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Neurons",
    products: [.library(name: "neurons", type: .dynamic, targets: ["Neurons"])],
    dependencies: [.package(name: "SutureKit", path: "../../../Sources")],
    targets: [
        .target(
            name: "Neurons",
            dependencies: [
                .product(name: "CSuture", package: "SutureKit"), .product(name: "SutureKit", package: "SutureKit"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
