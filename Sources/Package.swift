// swift-tools-version: 6.2
import PackageDescription

// What a plugin author depends on: the ABI's headers and SutureKit, and nothing else. The package of the whole repository
// builds the same sources.
let package = Package(
    name: "SutureKit",
    products: [
        .library(name: "CSuture", targets: ["CSuture"]),
        .library(name: "SutureKit", targets: ["SutureKit"]),
        // For the tests of a plugin: does a component keep the laws of its kind?
        .library(name: "SutureLaws", targets: ["SutureLaws"]),
    ],
    targets: [
        .target(name: "CSuture", path: "CSuture", exclude: ["abi-layout.tsv"]),
        .target(
            name: "SutureKit", dependencies: ["CSuture"], path: "SutureKit",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        .target(
            name: "SutureLaws", dependencies: ["SutureKit"], path: "SutureLaws",
            swiftSettings: [.treatAllWarnings(as: .error)]),
        // What can be tested without a host; the rest of the kit's tests is in Tests/SutureKitTests.
        .testTarget(name: "SutureKitOwnTests", dependencies: ["CSuture", "SutureKit"], path: "SutureKitOwnTests"),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
