// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime
import TestSupport
import Testing

/// Whole runs on a tiny T5.
@Suite(.serialized) struct EncoderDecoderRunTests {
    private static let annotator = "{name: regex, pattern: X}"

    private func experiment(_ model: EncoderDecoderFolder, _ lines: [String: String]) throws -> SmallExperiment {
        let data = model.url.appending(path: "pairs.json")
        let records = [("ab c", "cd"), ("The river", "ef g"), ("x", "zz"), ("one two", "h"), ("Q9", "ij")]
        try JSONSerialization.data(withJSONObject: records.map { ["prompt": $0.0, "answer": $0.1] }).write(to: data)
        return try SmallExperiment(
            [
                "model": "{source: \(model.url.path)}", "dataset": "{name: pairs, path: \(data.path)}",
                "locator": "{name: fixed-layers, layers: [0]}",
            ].merging(lines) { $1 })
    }

    @Test("tnt trains a T5, evaluators of text measure it, and its patch is written, applied and taken back")
    func training() throws {
        let model = try EncoderDecoderFolder("t5-gated")
        let experiment = try experiment(
            model,
            [
                "method": "{name: tnt, variant: TNRF, alpha: 10, lr: 3e-3, steps: 15, max_new_tokens: 8, "
                    + "annotator: \(Self.annotator)}",
                "evaluators": "[{name: exact-match, max_new_tokens: 8}, {name: bleu, max_new_tokens: 8}, "
                    + "{name: rouge-l, max_new_tokens: 8}, "
                    + "{name: negatives, annotator: \(Self.annotator), max_new_tokens: 8}]",
            ])
        let run = try experiment.run()
        #expect(run.code == 0, "\(run.errors)")
        let folder = try experiment.folder()
        let metrics = try JSONDecoder().decode(
            MetricsFile.self, from: Data(contentsOf: folder.appending(path: "metrics.json"))
        ).metrics
        func value(_ stage: String, _ name: String) -> Double? {
            metrics.first { $0.stage == stage && $0.name == name }?.value
        }
        #expect(metrics.contains { $0.name.contains("bleu") && $0.value.isFinite })
        let before = try #require(value("before", "marked_texts"), "\(metrics.map(\.name))")
        #expect(try #require(value("after", "marked_texts")) < before)

        func suture(_ arguments: String...) throws -> CommandLineRun {
            try CommandLineRun(arguments, cache: experiment.scratch.url)
        }
        let (patch, edited) = (
            folder.appending(path: "patch").path, experiment.scratch.url.appending(path: "edited").path
        )
        let original = try suture("model", "generate", model.url.path, "--prompt", "ab c", "--max-new-tokens", "8")
        // The answer alone: the prompt is not continued.
        #expect(original.code == 0 && !original.output.hasPrefix("ab c"))
        let changed = try suture(
            "model", "generate", model.url.path, "--prompt", "ab c", "--max-new-tokens", "8", "--patch", patch)
        #expect(changed.output != original.output)
        let apply = try suture("patch", "apply", model.url.path, patch, "--output", edited)
        #expect(apply.code == 0, "\(apply.errors)")
        let applied = try suture("model", "generate", edited, "--prompt", "ab c", "--max-new-tokens", "8")
        #expect(applied.output == changed.output)
        let restored = experiment.scratch.url.appending(path: "restored")
        let revert = try suture("patch", "revert", edited, "--output", restored.path)
        #expect(revert.code == 0, "\(revert.errors)")
        let weights = try [model.url, restored].map { try Data(contentsOf: $0.appending(path: "model.safetensors")) }
        #expect(weights[0] == weights[1])
    }

    @Test(
        "Methods and locators that read sites end with a sentence that says why",
        arguments: [
            ("{name: fixed-layers, layers: [0]}", "memit"), ("{name: fixed-layers, layers: [0]}", "pmet"),
            ("{name: fixed-layers, layers: [0]}", "star"), ("{name: fixed-layers, layers: [0]}", "sgd"),
            ("{name: logit-lens}", "tnt"), ("{name: causal-trace}", "memit"),
        ])
    func refusals(locator: String, method: String) throws {
        let model = try EncoderDecoderFolder("t5-gated")
        let method = method == "tnt" ? "{name: tnt, annotator: \(Self.annotator)}" : "{name: \(method)}"
        let facts = "{name: counterfact, path: \(Repository.world.path)/facts.json, limit: 2}"
        let run = try experiment(
            model, ["dataset": facts, "locator": locator, "method": method, "evaluators": "[counterfact]"]
        ).run()
        #expect(run.code != 0)
        #expect(run.errors.contains("encoder–decoder model"), "\(run.errors)")
    }
}
