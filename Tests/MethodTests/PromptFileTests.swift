// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import Evaluators

@Suite("Evaluators of prompts in a file")
struct PromptFileTests {
    private let session: TestSession
    private let folder: ScratchFolder
    private let prompts = ["Mount Etna lies in", "The capital of Rome is", "Paris plays"]

    init() throws {
        session = try TestSession(TinyModel.load())
        folder = try ScratchFolder()
    }

    private func file(_ text: String) throws -> FilePath {
        let url = folder.url.appending(path: UUID().uuidString)
        try Data(text.utf8).write(to: url)
        return FilePath(url.path)
    }

    private func file(_ prompts: [(prompt: String, answer: String?)]) throws -> FilePath {
        let rows = prompts.map { row in
            ["prompt": row.prompt].merging(row.answer.map { ["answer": $0] } ?? [:]) { $1 }
        }
        return try file(String(decoding: JSONEncoder().encode(rows), as: UTF8.self))
    }

    @Test("Answers that the annotator marks are unwanted, those that equal the file's are right")
    func unwanted() throws {
        let evaluator = Unwanted()
        evaluator.annotator = ComponentReference(slot: "annotator")
        evaluator.settings.maxNewTokens = 6
        let said = try evaluator.settings.continuations(of: prompts, session.model, in: session.session).map(\.text)
        let word = String(try #require(said[0].unicodeScalars.first { $0.isASCII && !$0.isSpace }))
        session.components["annotator"] = MarksWord(word: word)
        evaluator.path = try file([(prompts[0], said[0]), (prompts[1], "nothing of the kind"), (prompts[2], nil)])
        try evaluator.validate()
        let metrics = try evaluator.summarize(evaluator.evaluate([], in: session.session))
        #expect(metrics.map(\.name) == ["unwanted", "exact_match"])
        let marked = said.count { $0.contains(word) }
        #expect(abs(metrics[0].value - 100 * Double(marked) / 3) < 1e-9 && marked > 0)
        #expect(metrics[1].value == 50)
        // Cases of a run are none of its business.
        #expect(try evaluator.evaluate(TinyCases.make(1), in: session.session).isEmpty)
    }

    @Test("Sampled answers are the same in any batches, and vary more at a higher temperature")
    func diversity() throws {
        let evaluator = Diversity()
        (evaluator.maxNewTokens, evaluator.sampleCount) = (6, 3)
        evaluator.path = try file(prompts.map { ($0, nil) })
        let whole = try evaluator.evaluate([], in: session.session)
        #expect(whole.map(\.name) == ["distinct_1", "distinct_2", "self_bleu"])
        evaluator.tokenBudget = 1
        #expect(try evaluator.evaluate([], in: session.session) == whole)
        evaluator.temperature = 1e-3
        let cold = try evaluator.summarize(evaluator.evaluate([], in: session.session))
        #expect(abs(try #require(cold.last).value - 100) < 1e-9)
        #expect(try #require(cold.first).value < 100 * whole[0].value)
    }

    @Test("A file that is not one of prompts is refused in a sentence")
    func refusals() throws {
        for (text, sentence) in [
            ("[]", "are an empty list"), ("{", "are not a JSON list of objects with a prompt"),
            (
                "[{\"prompt\": \"a\"}, {\"answer\": \"x\"}]",
                "are not a list of objects with a prompt: entry 2 has none, or a value that is no text"
            ),
            ("[{\"prompt\": \"\"}]", "have an entry that has an empty prompt"),
            ("[{\"prompt\": \"a\", \"anwser\": \"b\"}]", "have an entry that has the unknown key \"anwser\""),
        ] {
            let path = try file(text)
            #expect(
                throws: SutureError(
                    .invalidArgument, "the prompts \(path.path) \(sentence)",
                    hint: "write [{\"prompt\": \"…\", \"answer\": \"…\"}]")
            ) { try PromptFile(path) }
        }
        #expect(throws: SutureError.self) { try PromptFile(FilePath("/nowhere.json")) }
    }
}
