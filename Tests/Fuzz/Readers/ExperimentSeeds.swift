// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureRuntime

/// Experiments to begin with, and what they name.
enum ExperimentSeeds {
    static let keys = [
        "schema", "experiment", "model", "source", "dtype", "device", "threads", "plugins", "dataset", "name", "path",
        "where", "limit", "offset", "join", "invalid", "intent", "demonstrations", "count", "locator", "method", "edit",
        "mode", "size", "restore",
        "evaluate", "statistics", "max_tokens", "max_length", "batch_tokens", "evaluators", "seed", "limits",
        "stall_seconds", "output", "dir", "variants", "sweep", "compare", "columns", "plots", "mark", "as",
    ]

    static let files = [
        """
        schema: 1
        experiment: quickstart
        model: {source: model, dtype: float32, device: cpu}
        dataset: {name: counterfact, path: facts.json, limit: 10, where: {a: [1, 3], b: {c: x}}}
        locator: {name: fixed-layers, integers: [1]}
        method:
          name: memit
          integer: 25
          number: 0.5
        edit: {mode: batch}
        statistics: {path: corpus.txt, limit: 5000}
        evaluators: [{name: counterfact}, {name: drift, as: more}]
        seed: 0
        output: {dir: runs}

        """,
        """
        schema: 1
        experiment: compare
        model: {source: model}
        dataset: {name: pairs, path: facts.json, invalid: skip, join: space}
        locator: &all {name: fixed-layers, integers: [1, 2]}
        method: &memit
          name: memit
          number: 1e-3
          component: {name: inner, text: b}
        evaluators: [drift]
        variants:
          memit: {}
          rome: {method: {name: rome, texts: [a, "b"]}, locator: *all}
          ime: {method: {name: ime, component: *memit, text_groups: [["{}"], [a, b]]}, sweep: {seed: [1, 2]}}
        sweep: {edit.mode: [single, batch], method.number: [1, 10]}
        compare: {columns: [drift.kl], plots: [{x: stage, y: drift.kl, scale: log}], mark: [memit]}

        """,
        """
        schema: 1
        experiment: "x"
        model: {source: "model"}
        dataset: {name: text, path: corpus.txt, offset: 1}
        locator: &base {name: fixed-layers, number: 2.5}
        method: {<<: *base, boolean: true}

        """,
    ]

    /// Writes what the files name.
    static func prepare(_ folder: FuzzFolder) throws {
        try folder.write("{}", to: "model/config.json")
        try folder.write("[]", to: "facts.json")
        try folder.write("A line.\n", to: "corpus.txt")
    }

    /// A parameter of each kind.
    static let everyKind: [ParameterDeclaration] = [
        parameter("integer", .integer, "3", in: .closed(0...1e6)), parameter("number", .number, "0.5"),
        parameter("boolean", .boolean, "false"), parameter("text", .text, "\"a\"", choices: ["a", "b", "gamma"]),
        parameter("integers", .integers, "[1]"), parameter("numbers", .numbers, "[]"), parameter("texts", .texts, "[]"),
        parameter("text_groups", .textGroups, "[[\"{}\"]]"), parameter("path", .path, nil),
        parameter("component", .component, nil, inner: .patcher),
    ]

    private static func parameter(
        _ name: String, _ kind: ParameterDeclaration.Kind, _ json: String?, in range: ParameterRange = .any,
        choices: [String] = [], inner: ComponentKind? = nil
    ) -> ParameterDeclaration {
        ParameterDeclaration(
            name: name, kind: kind, isRequired: false, isOptional: json == nil, defaultJSON: json, range: range,
            choices: choices, unit: "", help: "", componentKind: inner?.rawValue ?? 0)
    }

    static func component(
        _ id: String, _ kind: ComponentKind, _ parameters: [ParameterDeclaration]
    ) -> ComponentDescription {
        ComponentDescription(
            id: id, kind: kind, version: "1.0.0", summary: "", requires: [], parameters: parameters, isNative: false,
            pluginID: "test", pluginVersion: "1.0.0", file: "/plugins/libtest.so",
            digest: String(repeating: "0", count: 64))
    }

    /// What runs of the files write.
    static func resolved() throws -> [[UInt8]] {
        let folder = try FuzzFolder.make()
        defer { folder.remove() }
        try prepare(folder)
        return try files.flatMap { text in
            let file = try folder.write(text, to: "e.yaml")
            return try ExperimentSuite(file: file.path, currentFolder: folder.url.path).members.prefix(2).map {
                member in
                let resolved = try member.experiment.resolve { kind, request throws(RuntimeError) in
                    component(request.name, kind, everyKind)
                }
                // Without its seal, so that changes are read.
                let lines = resolved.yaml.split(separator: "\n", omittingEmptySubsequences: false)
                return Array(lines.filter { !$0.hasPrefix("sha256: ") }.joined(separator: "\n").utf8)
            }
        }
    }
}
