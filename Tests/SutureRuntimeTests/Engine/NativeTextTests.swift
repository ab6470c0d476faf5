// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// A plugin in C reads prompts and objects as the kit does.
@Suite(.serialized) struct NativeTextTests {
    @Test(
        "the C evaluator fills slots, keeps literal braces, and joins as the dataset says",
        arguments: [
            ("space", "print('{{}}') and {{{}}} is", "Rome", "print('{}') and {Rome} is", " the"),
            ("none", "罗马{}是", "城", "罗马城是", "的"),
        ])
    func rank(join: String, prompt: String, subject: String, filled: String, object: String) throws {
        let experiment = try SmallExperiment([
            "dataset": "{name: counterfact, path: braces.json, join: \(join)}", "evaluators": "[{name: target-rank}]",
        ])
        let target = object.replacing(" ", with: "")
        let record = """
            [{"requested_rewrite": {"prompt": "\(prompt)", "subject": "\(subject)", "target_new": "\(target)"}}]
            """
        try Data(record.utf8).write(to: experiment.scratch.url.appending(path: "braces.json"))
        let run = try experiment.run()
        #expect(run.code == 0, "\(run.errors)")
        let text = try String(contentsOf: experiment.folder().appending(path: "cases.jsonl"), encoding: .utf8)
        let result = try JSONDecoder().decode(CaseResult.self, from: Data(text.utf8))
        #expect(result.prompt == filled)

        try HostTables.install()
        let model = try LanguageModel(folder: Repository.world.appending(path: "model"))
        let joined = try model.tokenizer.join(filled, object)
        #expect(result.promptIDs == joined.prompt && result.targetNewIDs == joined.following)
        let kit = try TestSession(model).model
        let logits = try kit.logits(Forward(TokenBatch([joined.prompt]), logits: .last)).cast(to: .float32)
            .scalars(as: Float.self)
        let rank = 1 + logits.count { $0 > logits[joined.following[0]] }
        #expect(result.scores["before"]?["target-rank.target_rank"] == Double(rank))
    }
}
