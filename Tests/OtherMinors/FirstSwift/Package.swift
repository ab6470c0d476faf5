// swift-tools-version: 6.2
import PackageDescription

// SUTURE_KIT names the folder of the kit's package: the one of this checkout, or one with other headers.
let kit = Context.environment["SUTURE_KIT"] ?? "../../../Sources"

let package = Package(
    name: "FirstSwift",
    products: [.library(name: "first-swift", type: .dynamic, targets: ["FirstSwift"])],
    dependencies: [.package(name: "SutureKit", path: kit)],
    targets: [
        .target(
            name: "FirstSwift",
            dependencies: [
                .product(name: "CSuture", package: "SutureKit"), .product(name: "SutureKit", package: "SutureKit"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
