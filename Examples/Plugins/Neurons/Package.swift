// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Neurons",
    products: [.library(name: "neurons", type: .dynamic, targets: ["Neurons"])],
    dependencies: [.package(name: "Suture", path: "../../..")],
    targets: [
        .target(
            name: "Neurons",
            dependencies: [
                .product(name: "CSuture", package: "Suture"), .product(name: "SutureKit", package: "Suture"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
