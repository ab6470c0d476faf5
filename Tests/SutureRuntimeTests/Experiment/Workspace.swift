// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import SutureKit
@testable import SutureRuntime

/// A folder of its own for a test, removed with the object.
final class Workspace: Sendable {
    let folder: URL

    init() throws {
        // Resolved, so that paths in sentences compare equal.
        let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        folder = base.appendingPathComponent("suture-test-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var path: String { folder.path }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Writes a file, with its folders.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try write(name, Data(text.utf8))
    }

    @discardableResult
    func write(_ name: String, _ data: Data) throws -> String {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
        return url.path
    }

    /// A folder with what the standard experiment names.
    static func withExperiment(_ text: String = standard) throws -> Workspace {
        let workspace = try Workspace()
        try workspace.write("world/model/config.json", "{}")
        try workspace.write("world/facts.json", "[]")
        try workspace.write("world/corpus.txt", "A line.\n")
        try workspace.write("quickstart.yaml", text)
        return workspace
    }

    /// The experiment of the quickstart.
    static let standard = """
        schema: 1
        experiment: quickstart
        model: {source: world/model, dtype: float32, device: cpu}
        dataset: {name: counterfact, path: world/facts.json, limit: 10}
        locator: {name: fixed-layers, layers: [2, 3, 4]}
        method: {name: memit, v_num_grad_steps: 25}
        edit: {mode: batch}
        statistics: {path: world/corpus.txt, limit: 5000}
        evaluators: [{name: counterfact}, {name: drift}]
        seed: 0
        output: {dir: runs}

        """

    func experiment(_ overrides: String...) throws -> Experiment {
        try Experiment(file: path("quickstart.yaml"), overrides: overrides, currentFolder: path)
    }
}

/// The error that `body` ends with.
func failure<Result>(
    _ body: () throws -> Result, _ location: SourceLocation = #_sourceLocation
) throws -> RuntimeError {
    do {
        _ = try body()
    } catch {
        return try #require(error as? RuntimeError, sourceLocation: location)
    }
    Issue.record("nothing was thrown", sourceLocation: location)
    throw RuntimeError(.run, "nothing was thrown")
}

extension ParameterDeclaration {
    /// A declaration, as a plugin's table gives it.
    static func make(
        _ name: String, _ kind: Kind, default json: String? = nil, required: Bool = false, optional: Bool = false,
        range: ParameterRange = .any, choices: [String] = [], unit: String = ""
    ) -> ParameterDeclaration {
        ParameterDeclaration(
            name: name, kind: kind, isRequired: required, isOptional: optional, defaultJSON: json, range: range,
            choices: choices, unit: unit, help: "")
    }
}

extension ComponentDescription {
    static func make(
        _ id: String, _ kind: ComponentKind, requires: EditCase.Fields = [], _ parameters: [ParameterDeclaration] = []
    ) -> ComponentDescription {
        ComponentDescription(
            id: id, kind: kind, version: "1.0.0", summary: "", requires: requires, parameters: parameters,
            isNative: false, pluginID: "test", pluginVersion: "2.1.0", file: "/plugins/libtest.so",
            digest: "ab" + String(repeating: "0", count: 62))
    }
}
