// swift-tools-version: 6.2
import Foundation
import PackageDescription

// libtorch lies where `make setup` put it, or where LIBTORCH says.
let libtorch =
    ProcessInfo.processInfo.environment["LIBTORCH"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: ".deps/libtorch").path

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "Suture",
    targets: [
        // The plugin ABI: headers alone.
        .target(name: "CSuture"),
        // What plugin authors import.
        .target(name: "SutureKit", dependencies: ["CSuture"], swiftSettings: strict),
        // Host side.
        .target(name: "CSutureHost", dependencies: ["CSuture"]),
        .target(
            name: "TorchBackend",
            dependencies: ["CSuture", "CSutureHost"],
            cxxSettings: [
                .unsafeFlags([
                    "-isystem", "\(libtorch)/include",
                    "-isystem", "\(libtorch)/include/torch/csrc/api/include",
                ]),
                .define("_GLIBCXX_USE_CXX11_ABI", to: "1"),
            ],
            linkerSettings: [
                .unsafeFlags(["-L\(libtorch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(libtorch)/lib"]),
                .linkedLibrary("torch_cpu"),
                .linkedLibrary("c10"),
            ]
        ),
        .target(name: "SutureModel", dependencies: ["SutureKit"], swiftSettings: strict),
        .testTarget(name: "TorchBackendTests", dependencies: ["TorchBackend", "CSutureHost", "SutureKit"], swiftSettings: strict),
        .testTarget(name: "SutureModelTests", dependencies: ["SutureModel"], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)
