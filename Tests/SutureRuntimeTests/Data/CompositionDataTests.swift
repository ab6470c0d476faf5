// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// What is wrong with compositions is said before the model is loaded: by the data alone, or with the model's tokenizer.
@Suite("Compositions that cannot be used")
struct CompositionDataTests {
    /// A record; `changes` replace or join its members.
    private static func record(_ changes: [String: String] = [:]) -> [String: Any] {
        [
            "case_id": "lyon", "description": "the country of Lyon", "hop1": "Lyon is a city in the country of",
            "bridge": "France", "hop2": "The capital of France is", "answer": "Paris",
            "prompt": "The capital of the country of Lyon is",
        ].merging(changes) { $1 }
    }

    private func write(_ records: [[String: Any]], _ scratch: ScratchFolder) throws -> String {
        let file = scratch.url.appending(path: "compositions.json")
        try JSONSerialization.data(withJSONObject: records).write(to: file)
        return file.path
    }

    /// The bundled model with another tokenizer: it leaves `~` out, and knows "is Paris" and "France's" as one token each.
    private func model(_ scratch: ScratchFolder) throws -> String {
        let world = Repository.world.appending(path: "model")
        let folder = scratch.url.appending(path: "model")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in ["config.json", "model.safetensors"] {
            try FileManager.default.createSymbolicLink(
                at: folder.appending(path: name), withDestinationURL: world.appending(path: name))
        }
        var json = TinyTokenizer().json
        json["normalizer"] = ["type": "Replace", "pattern": ["String": "~"], "content": ""] as [String: Any]
        // Without a split into words, a merge may go across their ends.
        json["pre_tokenizer"] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
        ]
        var bpe = try #require(json["model"] as? [String: Any])
        var vocabulary = try #require(bpe["vocab"] as? [String: Int])
        var merges = try #require(bpe["merges"] as? [String])
        for (left, right) in [("Ġis", "ĠParis"), ("e", "'"), ("e'", "s")] {
            merges.append("\(left) \(right)")
            vocabulary[left + right] = vocabulary.count
        }
        (bpe["vocab"], bpe["merges"]) = (vocabulary, merges)
        json["model"] = bpe
        try JSONSerialization.data(withJSONObject: json).write(to: folder.appending(path: "tokenizer.json"))
        return folder.path
    }

    static let byData: [([String: String], String)] = [
        (["bridge": "the country of Lyon"], "for both 'bridge' and 'description'"),
        (["hop2": "France: the capital of France is"], "has the bridge \"France\" 2 times in its 'hop2'"),
        (["prompt": "In France the capital of the country of Lyon is"], "names the bridge \"France\" in its 'prompt'"),
        (["prompt": "The capital of the country of Lyon is named"], "after the phrase in 'prompt'"),
    ]

    static let byTokens: [([String: String], String)] = [
        (
            ["description": "~", "prompt": "The capital of ~ was"],
            "has \"~\" for 'description', which no token of its 'prompt' covers"
        ),
        (
            ["bridge": "~~", "hop2": "The capital of ~~ is"],
            "has \"~~\" for 'bridge', which no token of its 'hop2' covers"
        ),
        (
            [:],
            "has the answer \" Paris\", which does not begin with a token of its own after its 'prompt': "
                + "\"The capital of the country of Lyon is\""
        ),
        (
            ["prompt": "The capital, the country of Lyon's, was", "hop2": "The capital, France's, was"],
            "goes on with other tokens after the phrase in 'prompt' than after the bridge in 'hop2'"
        ),
    ]

    @Test("plan, run and locate refuse a record by a sentence that names file, case and field", arguments: byData)
    func data(changes: [String: String], sentence: String) throws {
        try refuses([Self.record(changes)], model: Repository.world.appending(path: "model").path, sentence)
    }

    @Test("So they do where it takes the model's tokenizer to see it", arguments: byTokens)
    func tokens(changes: [String: String], sentence: String) throws {
        var changes = changes
        if let tail = changes["prompt"]?.suffix(3), tail == "was", changes["hop2"] == nil {
            changes["hop2"] = "The capital of France was"
        }
        if changes["bridge"] != nil { changes["prompt"] = "The capital of the country of Lyon is" }
        try refuses([Self.record(changes)], model: nil, sentence)
    }

    /// - Parameter model: nil: the one with another tokenizer.
    private func refuses(_ records: [[String: Any]], model: String?, _ sentence: String) throws {
        let scratch = try ScratchFolder()
        let path = try write(records, scratch)
        let source = try model ?? self.model(scratch)
        let experiment = try SmallExperiment([
            "model": "{source: \(source)}", "dataset": "{name: two-hop, path: \(path)}",
            "locator": "{name: prompt-exchange}", "method": "{name: creme}", "evaluators": "[{name: composition}]",
        ])
        for command in ["plan", "run", "locate"] {
            let run = try CommandLineRun([command, experiment.file.path], cache: experiment.scratch.url)
            #expect(run.code == 4, "\(command): \(run.errors)")
            #expect(run.errors.contains("case lyon of '\(path)' "))
            #expect(run.errors.contains(sentence), "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count == 1 && run.output.isEmpty, "\(run.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: experiment.runs.path))
    }

    @Test("Every prompt that an evaluator asks is looked at, and named")
    func questions() throws {
        let scratch = try ScratchFolder()
        let tokenizer = try Tokenizer(folder: URL(fileURLWithPath: try model(scratch)))
        let plain = ["prompt": "The capital of the country of Lyon was", "hop2": "The capital of France was"]
        for (key, value, name) in [
            ("paraphrase_prompts", ["It was", "It is"] as [Any], "paraphrase_prompts[1]"),
            ("related", [["prompt": "The town is", "answer": "Paris"]], "related[0].prompt"),
            ("unrelated", [["prompt": "The town is", "answer": "Paris"]], "unrelated[0].prompt"),
        ] {
            let path = try write([Self.record(plain).merging([key: value]) { $1 }], scratch)
            let dataset = Experiment.Dataset(name: "two-hop", path: path, limit: nil, offset: 0)
            let cases = try dataset.read()
            func check(_ kind: ComponentKind) throws {
                let need = CaseRequirements.Need(
                    kind: kind, component: "c", fields: [.bridge, .secondHop], reason: "", remedy: "")
                guard let check = try TwoHopReader().tokenCheck(of: dataset, for: [need], { tokenizer }) else { return }
                for editCase in cases { if let error = try check(editCase) { throw error } }
            }
            let error = try failure { try check(.evaluator) }
            #expect(error.kind == .file && error.message.contains("after its '\(name)'"), "\(error)")
            // Locators ask the composition alone, and a method asks nothing.
            try check(.locator)
            try check(.patcher)
        }
    }
}
