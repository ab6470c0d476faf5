// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Prompts beyond the model's context")
struct ContextCheckTests {
    private let scratch: ScratchFolder
    private var model: String { scratch.url.path }

    init() throws {
        scratch = try ScratchFolder()
        try TinyModel.write(to: scratch.url)
    }

    /// A token of the tiny model for each word.
    private func words(_ count: Int) -> String { "The" + String(repeating: " is", count: count - 1) }

    private func selection(
        _ editCase: (String, String) = ("", ""), invalid: Experiment.Dataset.Invalid = .stop
    ) throws -> CaseSelection {
        let workspace = try Workspace()
        let more = editCase.1.isEmpty ? "" : ", \(editCase.1)"
        let prompt = editCase.0.isEmpty ? "{} is in" : editCase.0
        let path = try workspace.write(
            "data.json",
            """
            [{"requested_rewrite": {"prompt": "\(prompt)", "subject": "Rome", "target_new": "Paris"}\(more)},
             {"requested_rewrite": {"prompt": "{} is in", "subject": "Rome", "target_new": "Paris"}}]
            """)
        var dataset = Experiment.Dataset(name: "counterfact", path: path, limit: nil, offset: 0)
        dataset.invalid = invalid
        return try CaseSelection(dataset, model: model, needs: [])
    }

    @Test("A prompt must leave room for a token after it, to the token")
    func edge() throws {
        // "Rome" is four tokens.
        let fits = "{}" + String(repeating: " is", count: TinyModel.contextLength - 5)
        #expect(try selection((fits, "")).cases.count == 2)
        let error = try failure { try selection((fits + " is", "")) }
        #expect(error.kind == .file)
        #expect(error.message.hasPrefix("case #0 of '"))
        #expect(
            error.message.hasSuffix(
                "has 97 tokens in 'prompt' and the longest object after it, and the model's context holds 96"))
        #expect(error.hint == "shorten it, or leave such cases out with dataset.invalid: skip")
    }

    @Test(
        "Each prompt of a case is checked, and the sentence names it",
        arguments: ["paraphrase_prompts", "neighborhood_prompts", "generation_prompts", "attribute_prompts"])
    func fields(name: String) throws {
        let long = ("", #""\#(name)": ["short", "\#(words(120))"]"#)
        #expect(try failure { try selection(long) }.message.contains("tokens in '\(name)[1]'"))
        let skipped = try selection(long, invalid: .skip)
        #expect(skipped.cases.map(\.id) == ["#1"] && skipped.cases.map(\.index) == [0])
        #expect(skipped.skipped.map(\.id) == ["#0"])
    }

    @Test("Where no prompt fits and all would be skipped, the first says why")
    func none() throws {
        let workspace = try Workspace()
        let path = try workspace.write("prompts.txt", words(120) + "\n")
        let dataset = Experiment.Dataset(name: "text", path: path, limit: nil, offset: 0, invalid: .skip)
        let error = try failure { try CaseSelection(dataset, model: model, needs: []) }
        #expect(
            error.message.hasPrefix("the only case of '\(path)' cannot be used: case #0 of '\(path)' has 121 tokens"))
    }
}

/// A model whose tokenizer begins each text with a space, and whose vocabulary goes beyond it.
@Suite("Texts of a SentencePiece model")
struct SentencePieceTests {
    private let scratch: ScratchFolder
    private let model: LanguageModel

    init() throws {
        scratch = try ScratchFolder()
        let fixture = Repository.root.appending(path: "Tests/SutureModelTests/Tokenizer/Fixtures/llama2.json")
        let json = try Data(contentsOf: fixture)
        let known = try Tokenizer(json: json).vocabularySize
        try TinyModel.write(.llama, tokenizer: (json, 2 * known), to: scratch.url)
        try HostTables.install()
        model = try LanguageModel(folder: scratch.url)
    }

    @Test("model generate says what the tokens add to the prompt, ids beyond the tokenizer included")
    func generate() throws {
        let ids = try model.tokenizer.encode("The river Nile flows through", addSpecialTokens: true).ids
        let new = try model.generate([ids], Model.Generation(maxNewTokens: 24))[0]
        #expect(new.contains { $0 >= model.tokenizer.vocabularySize }, "half of all ids are beyond the tokenizer")
        let said = try TextGeneration(
            folder: scratch.url.path, patches: [], dtype: "float32", device: "cpu", maxNewTokens: 24, temperature: 0,
            topK: 0, topP: 1, seed: 0
        ).run("The river Nile flows through")
        let whole = try model.tokenizer.decode(ids + new)
        #expect("The river Nile flows through" + said == whole)
    }

    @Test("The ids of a record are those that were used")
    func record() throws {
        let editCase = EditCase(
            index: 0, id: "1", prompt: "The river {} flows through", subject: "Nile", targetNew: "Asia",
            targetTrue: "Africa", answer: " Asia")
        let log = try ScoreLog(scratch.url.appending(path: "scores.jsonl"))
        let record = try CaseResult.records(
            [editCase], model, answers: ["before": [""]], evaluators: [], log: log)[0]
        let used = try TestSession(model).model
        let (prompt, new) = try used.encode(prompt: editCase.filledPrompt, target: "Asia")
        #expect(record.promptIDs == prompt && record.targetNewIDs == new && record.answerIDs == new)
        let request = try TargetRequest(editCase.filledPrompt, objects: ["Asia", "Africa"], used)
        #expect([record.targetNewIDs, record.targetTrueIDs] == request.targets)
        #expect(try prompt + new == used.encode("The river Nile flows through Asia", addsSpecialTokens: true))
    }

    @Test("The answers of a run are read after their prompts")
    func answers() throws {
        let editCase = EditCase(
            index: 0, id: "1", prompt: "The river {} flows through", subject: "Nile", targetNew: "Asia")
        let ids = try model.tokenizer.encode(editCase.filledPrompt, addSpecialTokens: true).ids
        let answer = try Answers.greedy(model, [editCase])[0]
        let whole = try model.tokenizer.decode(ids + model.generate([ids], Model.Generation(maxNewTokens: 64))[0])
        #expect(
            whole.dropFirst(editCase.filledPrompt.count).split(whereSeparator: \.isWhitespace)
                .joined(separator: " ").hasPrefix(answer))
    }
}
