// swift-tools-version: 6.2
import Foundation
import PackageDescription

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "Suture",
    targets: [
        .target(name: "CSuture"),
        .target(name: "SutureKit", dependencies: ["CSuture"], swiftSettings: strict),
        .target(name: "SutureModel", dependencies: ["SutureKit"], swiftSettings: strict),
        .testTarget(
            name: "SutureModelTests", dependencies: ["SutureModel"], exclude: ["Tokenizer/make_fixtures.py"],
            resources: [.copy("Tokenizer/Fixtures")], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)
