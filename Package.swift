// swift-tools-version: 6.2
import Foundation
import PackageDescription

// libtorch lies where `make setup` put it, or where LIBTORCH says.
let libtorch =
    ProcessInfo.processInfo.environment["LIBTORCH"]
    ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: ".deps/libtorch").path

let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

/// A plugin in Swift: a shared library over SutureKit alone. The host finds `libsuture-*.so` beside its executable.
func plugin(_ name: String) -> Product {
    .library(name: "suture-\(name.lowercased())", type: .dynamic, targets: ["\(name)Entry"])
}

/// The two targets of a plugin in Swift: the methods, which tests link, and the one symbol that the library exports.
func pluginTargets(_ name: String, over shared: Target.Dependency...) -> [Target] {
    [
        .target(
            name: name, dependencies: ["SutureKit"] + shared, path: "Plugins/\(name)", exclude: ["Entry", "README.md"],
            swiftSettings: strict),
        .target(
            name: "\(name)Entry", dependencies: ["CSuture", .target(name: name)], path: "Plugins/\(name)/Entry",
            swiftSettings: strict),
    ]
}

/// The methods. They depend on SutureKit alone, and on what methods share.
let methods: [Target] =
    pluginTargets("Annotators")
    + pluginTargets("Locators")
    + pluginTargets("MEMIT", over: "ValueEditing")
    + pluginTargets("CREME", over: "ValueEditing")
    + pluginTargets("PMET", over: "ValueEditing")
    + pluginTargets("AlphaEdit", over: "ValueEditing")
    + pluginTargets("IME")
    + pluginTargets("STAR")
    + pluginTargets("Evaluators")
    + pluginTargets("TNT", over: "Training")
    + pluginTargets("Influence")
    + pluginTargets("LANCET", over: "Training")

/// Libraries for the tests of the runtime, most of which misbehave: `libfault-….so`.
let faultPlugins = [
    "Crash", "Declarations", "Entry", "Functions", "Hang", "Load", "Long", "Major", "Nameless", "Native", "Short",
    "Slips",
    "Steps", "Swift", "Twin",
]

func faultTarget(_ name: String) -> Target {
    .target(
        name: "Fault\(name)",
        dependencies: ["Steps", "Swift"].contains(name) ? ["CSuture", "SutureKit"] : ["CSuture"],
        path: "Tests/FaultPlugins/\(name)", publicHeadersPath: ".", swiftSettings: strict)
}

let package = Package(
    name: "Suture",
    products: [
        .executable(name: "suture", targets: ["suture"]),
        // What a plugin in a package of its own depends on; linked into it, so that no Swift type crosses.
        .library(name: "CSuture", targets: ["CSuture"]),
        .library(name: "SutureKit", targets: ["SutureKit"]),
        // For the tests of a plugin: does a component keep the laws of its kind?
        .library(name: "SutureLaws", targets: ["SutureLaws"]),
        plugin("Annotators"),
        plugin("Locators"),
        plugin("MEMIT"),
        plugin("CREME"),
        plugin("STAR"),
        plugin("PMET"),
        plugin("AlphaEdit"),
        plugin("IME"),
        plugin("Evaluators"),
        .library(name: "suture-native", type: .dynamic, targets: ["Native"]),
        plugin("TNT"),
        plugin("Influence"),
        plugin("LANCET"),
    ]
        + faultPlugins.map { .library(name: "fault-\($0.lowercased())", type: .dynamic, targets: ["Fault\($0)"]) },
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        // The plugin ABI: headers alone.
        .target(name: "CSuture", exclude: ["abi-layout.tsv"]),
        // What plugin authors import.
        .target(name: "SutureKit", dependencies: ["CSuture"], swiftSettings: strict),

        .target(name: "SutureLaws", dependencies: ["SutureKit"], swiftSettings: strict),

        // What methods that optimise values share; linked into each of them.
        .target(
            name: "ValueEditing", dependencies: ["SutureKit"], path: "Plugins/ValueEditing", exclude: ["README.md"],
            swiftSettings: strict),
        // What methods that train weights share.
        .target(
            name: "Training", dependencies: ["SutureKit"], path: "Plugins/Training", exclude: ["README.md"],
            swiftSettings: strict),
        .target(name: "Native", dependencies: ["CSuture"], path: "Plugins/Native", exclude: ["README.md"]),

        // Host side, each layer over those above it.
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
        .systemLibrary(name: "CFFI", pkgConfig: "libffi", providers: [.apt(["libffi-dev"])]),
        .target(name: "CForeign", dependencies: ["CFFI", "CSuture"]),
        // Chat templates of model folders. No package for it can be resolved here; it knows nothing of models.
        .target(name: "Jinja", swiftSettings: strict),
        .target(
            name: "SutureModel", dependencies: ["CSuture", "CSutureHost", "Jinja", "SutureKit", "TorchBackend"],
            swiftSettings: strict),
        .target(
            name: "SutureRuntime",
            dependencies: [
                "CForeign", "CSuture", "CSutureHost", "SutureKit", "SutureLaws", "SutureModel", "TorchBackend", "Yams",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Mustache", package: "swift-mustache"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "suture",
            dependencies: [
                "SutureModel", "SutureRuntime", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        // Timings; see Benchmarks/README.md.
        .executableTarget(
            name: "SutureBenchmarks", dependencies: ["SutureKit", "SutureModel", "SutureRuntime"], path: "Benchmarks",
            exclude: ["README.md", "compare_forward.py"], swiftSettings: strict),
        // The program that makes the bundled example.
        .executableTarget(
            name: "WorldMaker", dependencies: ["SutureKit", "SutureModel", "SutureRuntime"],
            path: "Examples/World/Maker",
            swiftSettings: strict),

        .target(
            name: "TestSupport", dependencies: ["SutureModel", "SutureRuntime"], path: "Tests/TestSupport",
            swiftSettings: strict),
        // A worker with jobs that only tests need.
        .executableTarget(
            name: "suture-test-worker", dependencies: ["SutureRuntime", "TestSupport"], path: "Tests/TestWorker",
            swiftSettings: strict),
        // What reads files and texts of other people, under inputs that a program makes; see Tests/Fuzz/README.md.
        .target(
            name: "FuzzReaders",
            dependencies: ["Annotators", "Evaluators", "SutureKit", "SutureModel", "SutureRuntime"],
            path: "Tests/Fuzz/Readers", swiftSettings: strict),
        .executableTarget(
            name: "suture-fuzz", dependencies: ["FuzzReaders", "SutureRuntime"], path: "Tests/Fuzz/Program",
            swiftSettings: strict),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzReaders"], path: "Tests/Fuzz/Tests", swiftSettings: strict),
        .testTarget(name: "SutureKitTests", dependencies: ["SutureKit", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "TorchBackendTests", dependencies: ["TorchBackend", "CSutureHost", "SutureKit", "TestSupport"],
            exclude: ["Golden"], swiftSettings: strict),
        .testTarget(
            name: "JinjaTests", dependencies: ["Jinja", "SutureModel"], exclude: ["Golden", "make_golden.py"],
            swiftSettings: strict),
        .testTarget(
            name: "SutureModelTests", dependencies: ["SutureModel", "TestSupport"],
            exclude: [
                "Chat/golden.json", "Chat/make_golden.py", "Configuration/README.md", "Configuration/make_table.py",
                "Configuration/table.json",
                "Tokenizer/Fixtures",
                "Tokenizer/make_fixtures.py", "Tokenizer/make_unigram_fixtures.py",
                "Transformer/Golden", "Transformer/make_encoder_decoder_golden.py", "Transformer/make_golden.py",
            ], swiftSettings: strict),
        .testTarget(
            name: "MethodTests",
            dependencies: [
                "AlphaEdit", "Annotators", "CREME", "Evaluators", "IME", "Influence", "LANCET", "Locators", "MEMIT",
                "PMET", "STAR",
                "SutureModel", "TNT", "CSutureHost", "SutureLaws", "TestSupport", "TorchBackend", "ValueEditing",
            ],
            exclude: ["Golden", "TNT/Golden", "counts.json"], swiftSettings: strict),
        .testTarget(
            name: "SutureRuntimeTests", dependencies: ["SutureRuntime", "TestSupport", "suture-test-worker"],
            exclude: [
                "Data/Golden", "GGUF/Golden", "GGUF/make_golden.py", "Patches/Golden", "Worker/hang-up-and-end.sh",
                "Worker/hang-up-and-stay.sh",
            ],
            swiftSettings: strict),
    ] + methods + faultPlugins.map(faultTarget),
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11,
    cxxLanguageStandard: .cxx17
)
