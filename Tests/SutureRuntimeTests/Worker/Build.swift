// SPDX-License-Identifier: Apache-2.0

import Foundation

@testable import SutureRuntime

/// What was built beside these tests.
enum Build {
    /// The folder of the test binary, which is that of all products.
    static let folder = PluginSearchPath.runningExecutableFolder ?? "."
    /// The program that people start, which is a worker of its own too.
    static let executable = folder + "/suture"
    /// A worker that also does the jobs of the tests.
    static let worker = folder + "/suture-test-worker"

    /// A library of Tests/FaultPlugins.
    static func library(_ name: String, prefix: String = "fault") -> String { "\(folder)/lib\(prefix)-\(name).so" }

    /// Finds nothing but what is named.
    static func path(_ files: [String]) -> PluginSearchPath {
        PluginSearchPath(named: files, environment: [:], executableFolder: "/nonexistent")
    }

    static func scan(_ names: String...) async throws -> PluginCatalogue {
        try await PluginCatalogue.scan(path(names.map { library($0) }), executable: executable)
    }

    /// An empty folder that goes away with the body.
    static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "suture-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder.resolvingSymlinksInPath().path)
    }
}
