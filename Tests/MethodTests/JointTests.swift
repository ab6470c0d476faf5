// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Evaluators
@testable import Locators
@testable import STAR
@testable import TNT
@testable import ValueEditing

/// Whoever puts an object after a prompt puts there what the data set says.
@Suite("Prompt and object without a space")
struct JointTests {
    private let session: TestSession
    private let model: Model
    private let editCase = EditCase(
        index: 0, id: "1", prompt: "西{}的作者是", subject: "游记", targetNew: "小明", targetTrue: "吴", answer: "小明",
        paraphrasePrompts: ["作者是"], neighborSamples: [Neighbor(prompt: "红{}的作者是", subject: "楼", target: "曹")])

    init() throws {
        session = try TestSession(TinyModel.load(.llama))
        model = try session.model
    }

    /// The bytes of a text, each of which is a token of the tiny model.
    private func tokens(_ text: String) throws -> [Int] { try model.encode(text) }

    @Test("Objects are rated right after the prompt")
    func rating() throws {
        let expected = try model.ratings(
            of: [TargetRequest(prompt: tokens(editCase.filledPrompt), targets: [tokens("小明"), tokens("吴")])],
            tokenBudget: 1024)[0]
        let request = try TargetRequest(
            editCase.filledPrompt, objects: ["小明", "吴"], joint: editCase.joint, model)
        #expect(try model.ratings(of: [request], tokenBudget: 1024)[0] == expected)
        let scores = try CounterFact().evaluate([editCase], in: session.session)
        let success = scores.first { $0.name == "efficacy_success" }
        #expect(success?.value == (expected[0].negativeLogLikelihood < expected[1].negativeLogLikelihood ? 1 : 0))
        let magnitude = try #require(scores.first { $0.name == "efficacy_magnitude" })
        #expect(abs(magnitude.value - (expected[0].probability - expected[1].probability)) < 1e-6)
    }

    @Test("Values are trained, neighbours kept and answers repaired by the same tokens")
    func methods() throws {
        let rows = try NeighborObjective(
            templates: ContextTemplates(groups: [["{}"]]), settings: NeighborSettings.one, token: .subjectLast
        ).rows(for: editCase, model)
        let kept = try tokens("红楼的作者是") + tokens("曹").dropLast()
        #expect(rows.map(\.tokens) == [kept])
        let answer = try ReferenceAnswer(editCase, limit: nil, model)
        #expect(try answer.prompt == tokens(editCase.filledPrompt))
        #expect(try answer.answer == tokens("小明"))
        let traced = try TracedPrompt(editCase, model)
        #expect(try traced.answer == tokens("吴")[0])
    }

    @Test("The prompts of negative training are finished: braces of a prompt without a subject stay")
    func finished() {
        let code = EditCase(index: 0, id: "1", prompt: "f({})", generationPrompts: ["g({})"])
        #expect(TextSettings.prompts(of: [code]) == ["f({})", "g({})"])
    }
}

extension NeighborSettings {
    /// One neighbour of each case.
    fileprivate static var one: NeighborSettings {
        let settings = NeighborSettings()
        settings.count = 1
        return settings
    }
}
