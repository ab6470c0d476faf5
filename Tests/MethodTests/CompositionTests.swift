// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Evaluators

@Suite("The evaluator of compositions")
struct CompositionTests {
    private static let editCase = EditCase(
        index: 4, id: "4", prompt: "The capital of {} is", subject: "the mother of Etna", targetNew: "Rome",
        answer: " Rome",
        paraphrasePrompts: ["Rome is the capital of", "Mount Etna lies in"], bridge: "Paris",
        firstHopPrompt: "the mother of Etna is", secondHopPrompt: "The capital of {} is", wrongAnswer: "tower",
        related: [Question(prompt: "The tongue of the mother of Etna is", answer: " Paris")],
        unrelated: [
            Question(prompt: "The tower is", answer: " Paris"), Question(prompt: "The Eiffel is", answer: " Etna"),
        ])

    /// The distribution after a prompt, by a plain pass.
    private func distribution(_ prompt: String, _ model: Model) throws -> [Double] {
        let tokens = try model.encode(prompt, addsSpecialTokens: true)
        return try model.logits(Forward(TokenBatch([tokens]), logits: .last))[0].cast(to: .float64).softmax()
            .scalars(as: Double.self)
    }

    private func probability(_ answer: String, _ prompt: String, _ model: Model) throws -> Double {
        let tokens = try model.continuation(of: prompt, by: answer).answer
        let all = try distribution(prompt, model)
        return tokens.map { all[$0] }.reduce(0, +) / Double(tokens.count)
    }

    private func edited() throws -> TestSession {
        let session = try TestSession(TinyModel.load(.llama))
        let name = try session.model.projections(writing: [.attentionOutput(1)])[0].parameter
        let random = try RandomNumbers(seed: 3)
        let change = try random.normal(session.model.parameter(name).shape, deviation: 0.2)
        try session.apply(Patch([Delta(name, .dense(change))]))
        session.stage = "after"
        return session
    }

    @Test("Every published figure is what its formula says of plain passes before and after")
    func formulas() throws {
        let session = try edited()
        let item = Self.editCase
        let scores = try Composition().evaluate([item], in: session.session)
        #expect(scores.allSatisfy { $0.caseIndex == 4 })
        func score(_ name: String) throws -> Score { try #require(scores.first { $0.name == name }, "\(name)") }
        let (before, after) = try (session.session.original, session.model)
        func change(_ answer: String, _ prompts: [String]) throws -> Double {
            let changes = try prompts.map { prompt in
                let old = try probability(answer, prompt, before)
                return (try probability(answer, prompt, after) - old) / old
            }
            return changes.reduce(0, +) / Double(changes.count)
        }
        #expect(abs(try score("correction_change").value - change(" Rome", [item.filledPrompt])) < 1e-4)
        #expect(abs(try score("paraphrase_change").value - change(" Rome", item.paraphrasePrompts)) < 1e-4)
        #expect(try score("paraphrase_change").weight == 2)
        #expect(abs(try score("generalization_change").value - change(" Paris", [item.related[0].prompt])) < 1e-4)
        let unrelated = item.unrelated.map(\.prompt)
        #expect(abs(try score("specificity_leak").value - change(" Rome", unrelated)) < 1e-4)
        let own = try (change(" Paris", [unrelated[0]]) + change(" Etna", [unrelated[1]])) / 2
        #expect(abs(try score("specificity_change").value - own) < 1e-4)
        let first = try probability(" Paris", item.firstHopPrompt, after)
        #expect(abs(try score("first_hop_probability").value - first) < 1e-6)
        let event = try probability(" Rome", item.filledPrompt, after) > probability(" tower", item.filledPrompt, after)
        #expect(try score("correction_event").value == (event ? 1 : 0))
        let rose = try item.paraphrasePrompts.count {
            try probability(" Rome", $0, after) > probability(" Rome", $0, before)
        }
        #expect(try score("paraphrase_improved").value == Double(rose) / 2)
    }

    @Test("Before the edit there is nothing to compare with")
    func before() throws {
        let session = try TestSession(TinyModel.load(.llama))
        session.stage = "before"
        let names = try Set(Composition().evaluate([Self.editCase], in: session.session).map(\.name))
        #expect(!names.contains { $0.hasSuffix("_change") || $0.hasSuffix("_improved") || $0.hasSuffix("_leak") })
        #expect(names.isSuperset(of: ["correction_event", "correction_first_choice", "second_hop_match"]))
        #expect(!names.contains("generalization_event"), "no wrong answer is known there")
    }

    @Test("Figures are means and medians over cases, and shares over prompts")
    func figures() throws {
        let scores = [
            Score("correction_change", 40, caseIndex: 0), Score("correction_change", 1, caseIndex: 1),
            Score("correction_change", -0.5, caseIndex: 2), Score("paraphrase_improved", 1, caseIndex: 0, weight: 3),
            Score("paraphrase_improved", 0, caseIndex: 1, weight: 1),
            Score("paraphrase_change", 2, caseIndex: 0, weight: 3),
            Score("paraphrase_change", 4, caseIndex: 1, weight: 1),
            Score("specificity_leak", 0.5, caseIndex: 0, weight: 9),
        ]
        let metrics = try Composition().summarize(scores)
        let values = Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.value) })
        #expect(values["correction_change"] == 13.5 && values["correction_change_median"] == 1)
        #expect(values["paraphrase_change"] == 3, "a case counts once, whatever its number of prompts")
        #expect(values["paraphrase_improved"] == 75)
        #expect(values["specificity_leak"] == 0.5 && values["specificity_leak_median"] == 0.5)
        #expect(metrics.allSatisfy { !$0.protocol.isEmpty })
        #expect(Composition.change(from: 0, to: 0.3) == 0)
    }

    @Test("The token budget does not change a figure")
    func budget() throws {
        let session = try edited()
        let cases = [
            Self.editCase,
            {
                var other = Self.editCase
                other.index = 5
                return other
            }(),
        ]
        let whole = try Composition().evaluate(cases, in: session.session)
        let evaluator = Composition()
        evaluator.continuation.tokenBudget = 1
        let parts = try evaluator.evaluate(cases, in: session.session)
        #expect(whole.map(\.name) == parts.map(\.name))
        for (a, b) in zip(whole, parts) { #expect(abs(a.value - b.value) < 1e-4 * max(1, abs(a.value)), "\(a.name)") }
    }

    @Test("An answer that merges with its prompt is a sentence that names case and set")
    func merged() throws {
        let session = try edited()
        var item = Self.editCase
        item.unrelated[0].prompt = "The mother"
        item.unrelated[0].answer = ""
        let error = #expect(throws: SutureError.self) { try Composition().evaluate([item], in: session.session) }
        #expect(error?.message.hasPrefix("case 4, specificity: the answer") == true)
    }

    @Test(
        "A text is the answer up to its end or a punctuation mark",
        arguments: [
            ("Paris", true), (" paris, the city", true), ("Paris.", true), ("Parisian", false), ("Paris is", false),
            ("the Paris", false), ("", false),
        ])
    func answered(_ text: String, _ holds: Bool) {
        #expect(AnswerText.isAnswered(text, by: " Paris") == holds)
    }
}
