// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Evaluators

/// The evaluators that compare an edited model with the unedited one, or ask what else follows.
@Suite("What else an edit does")
struct ProbeTests {
    let session: TestSession
    let cases = TinyCases.makeComplete(4)

    init() throws { session = try TestSession(TinyModel.load()) }

    /// Changes a down projection enough to move predictions.
    private func edit(_ size: Double = 0.6) throws {
        let model = try session.model
        let name = try model.weightName(reading: .neurons(2))
        let noise = try RandomNumbers(seed: 3).normal([TinyModel.dModel, TinyModel.dMLP], deviation: size)
        try session.apply(Patch([Delta(name, .dense(noise))]))
        session.stage = "after"
    }

    /// The first choices over an object's tokens, one prompt alone.
    private func choices(_ model: Model, _ prompt: String, _ object: String) throws -> [Int] {
        let (head, tail) = (try model.encode(prompt), try model.encode(object.hasPrefix(" ") ? object : " " + object))
        let logits = try model.forward(Forward(TokenBatch([head + tail]))).requireLogits()[0]
        return try tail.indices.map { Int(try logits[head.count - 1 + $0].argmax().item()) }
    }

    private func value(_ name: String, _ editCase: EditCase, in scores: [Score]) throws -> Double {
        try #require(scores.first { $0.name == name && $0.caseIndex == editCase.index }).value
    }

    @Test("unchanged: nothing has changed on the unedited model, and after an edit each prompt is compared by itself")
    func unchanged() throws {
        session.stage = "after"
        #expect(try Unchanged().evaluate(cases, in: session.session).allSatisfy { $0.value == 1 })
        try edit()
        let scores = try Unchanged().evaluate(cases, in: session.session)
        let (old, new) = (try session.session.original, try session.model)
        for editCase in cases {
            let pairs = try editCase.neighborhoodPrompts.map {
                (try choices(old, $0, editCase.targetTrue), try choices(new, $0, editCase.targetTrue))
            }
            let same = pairs.count { $0 == $1 }
            let tokens = pairs.map { old, new in Double(zip(old, new).count { $0 == $1 }) / Double(old.count) }
            #expect(try value("neighborhood_unchanged", editCase, in: scores) == Double(same) / Double(pairs.count))
            let share = tokens.reduce(0, +) / Double(tokens.count)
            #expect(abs(try value("neighborhood_unchanged_tokens", editCase, in: scores) - share) < 1e-12)
            #expect(try [0, 1].contains(value("forgetfulness_unchanged", editCase, in: scores)))
        }
        #expect(scores.contains { $0.value < 1 }, "the edit changes nothing that is compared")
        let names = try Unchanged().summarize(scores).map(\.name)
        #expect(
            names == [
                "neighborhood_unchanged", "neighborhood_unchanged_tokens", "forgetfulness_unchanged",
                "forgetfulness_unchanged_tokens",
            ])
        session.stage = "before"
        #expect(try Unchanged().evaluate(cases, in: session.session).isEmpty)
    }

    @Test("A neighbour without an object is compared by its next token")
    func bare() throws {
        session.stage = "after"
        var bare = cases[0]
        (bare.targetTrue, bare.neighborSamples, bare.probes) = ("", [], [])
        let scores = try Unchanged().evaluate([bare], in: session.session)
        #expect(scores.map(\.value) == [1, 1])
    }

    @Test(
        "probes: any answer counts as right, the share of tokens is the first answer's, kinds have figures of their own"
    )
    func probes() throws {
        var editCase = cases[0]
        let model = try session.model
        let prompt = "The capital of Rome is"
        let choice = try model.decode([try choices(model, prompt, "Rome")[0]])
        editCase.probes = [
            Probe(kind: "reasoning", prompt: prompt, expectation: .follows, answers: ["Mount Etna", choice]),
            Probe(kind: "reasoning", prompt: prompt, expectation: .follows, answers: ["Mount Etna"]),
            Probe(kind: "alias", prompt: prompt, expectation: .follows, answers: [choice]),
            Probe(kind: "forgetfulness", prompt: prompt, expectation: .stays, answers: ["Mount Etna"]),
        ]
        // What the model says may begin with no space, as an answer does.
        try #require(try model.encode(editCase.following(choice)) == [choices(model, prompt, "Rome")[0]])
        let metrics = try Probes().summarize(try Probes().evaluate([editCase], in: session.session))
        func metric(_ name: String) throws -> Metric { try #require(metrics.first { $0.name == name }) }
        #expect(try metric("portability_reasoning_first_choice").value == 50)
        #expect(try metric("portability_alias_first_choice").value == 100)
        #expect(try metric("portability_first_choice").value == 75)
        #expect(try metric("portability_reasoning_tokens").value < 100)
        #expect(try metric("portability_alias_tokens").value == 100)
        #expect(try metric("locality_forgetfulness_first_choice").value == 0)
        #expect(metrics.first?.name == "portability_first_choice")
    }

    @Test("negation: the prompt stands in the template, and both objects are compared after it")
    func negation() throws {
        #expect(Negation.inside("The capital of Rome is") == "the capital of Rome is")
        #expect(Negation.inside("Rome is in") == "Rome is in")
        #expect(Negation.inside("Then it is") == "Then it is")
        let negation = Negation()
        negation.templates = ["Mount {}"]
        var editCase = cases[1]
        let model = try session.model
        let asked = "Mount " + Negation.inside(editCase.filledPrompt)
        let said = try model.decode([try choices(model, asked, "Rome")[0]])
        (editCase.targetNew, editCase.answer) = (said, editCase.joint + said)
        let scores = try negation.evaluate([editCase], in: session.session)
        let isOne = try model.encode(editCase.following(said)).count == 1
        #expect(try value("negation_new_first_choice", editCase, in: scores) == 1 || !isOne)
        for templates in [[], ["none"], ["{} and {}"]] {
            negation.templates = templates
            #expect(throws: SutureError.self) { try negation.validate() }
        }
    }

    @Test("edit-extent: a case is clean where every wanted prompt is edited and every neighbour is as it was")
    func extent() throws {
        let before = try EditExtent().evaluate(cases, in: session.session)
        #expect(Set(before.map(\.name)) == ["under_edited"] || session.stage != "before")
        try edit()
        let scores = try EditExtent().evaluate(cases, in: session.session)
        let (old, new) = (try session.session.original, try session.model)
        for editCase in cases {
            let wanted = [editCase.filledPrompt] + editCase.paraphrasePrompts
            let target = try new.encode(editCase.following(editCase.targetNew))
            let isUnder = try !wanted.allSatisfy { try choices(new, $0, editCase.targetNew) == target }
            var kept = editCase.neighborhoodPrompts.map { ($0, editCase.targetTrue) }
            kept += editCase.probes.filter { $0.expectation == .stays }.map { ($0.prompt, $0.answers[0]) }
            let isOver = try !kept.allSatisfy { try choices(old, $0.0, $0.1) == choices(new, $0.0, $0.1) }
            #expect(try value("under_edited", editCase, in: scores) == (isUnder ? 1 : 0))
            #expect(try value("over_edited", editCase, in: scores) == (isOver ? 1 : 0))
            #expect(try value("clean", editCase, in: scores) == (isUnder || isOver ? 0 : 1))
        }
        let metrics = try EditExtent().summarize(scores)
        #expect(metrics.map(\.name) == ["under_edited", "over_edited", "clean"] && metrics.allSatisfy { $0.n == 4 })
    }

    @Test(
        "counterfact asks attribute prompts and distracted neighbours on request, and its score stays the published one"
    )
    func counterfact() throws {
        let plain = CounterFact()
        let asking = CounterFact()
        asking.asksAttributes = true
        asking.asksDistracted = true
        let own = try plain.evaluate(cases, in: session.session)
        let all = try asking.evaluate(cases, in: session.session)
        func scored(_ scores: [Score]) throws -> Metric {
            try #require(try plain.summarize(scores).first { $0.name == "score" })
        }
        #expect(try scored(own).value == asking.summarize(all).first { $0.name == "score" }?.value)
        for score in own {
            let same = all.first { $0.name == score.name && $0.caseIndex == score.caseIndex }
            #expect(abs(try #require(same).value - score.value) < 1e-5)
        }
        // The same questions as neighbours of another case.
        var distracted = cases[0]
        distracted.neighborhoodPrompts = distracted.neighborhoodPrompts.map {
            "\(cases[0].filledPrompt)\(cases[0].following(cases[0].targetNew)). \($0)"
        }
        let expected = try plain.evaluate([distracted], in: session.session)
        for measure in ["success", "accuracy", "magnitude"] {
            let found = try value("distracted_neighborhood_\(measure)", cases[0], in: all)
            #expect(abs(found - (try value("neighborhood_\(measure)", distracted, in: expected))) < 1e-5)
        }
        var attribute = cases[0]
        (attribute.prompt, attribute.subject) = (attribute.attributePrompts[0], "")
        attribute.attributePrompts = [attribute.attributePrompts[0]]
        let single = try asking.evaluate([attribute], in: session.session)
        #expect(
            try abs(
                value("attribute_magnitude", attribute, in: single) - value("efficacy_magnitude", attribute, in: single)
            )
                < 1e-6)
    }

    @Test("generation asks in the chat template; a model without one says so")
    func chat() throws {
        let generation = GenerationMatch()
        generation.settings.maxNewTokens = 4
        generation.asksAsUser = true
        let error = #expect(throws: SutureError.self) { try generation.evaluate(cases, in: session.session) }
        #expect(error?.code == .unimplemented && error?.message.contains("has no chat template") == true)
        generation.groups = []
        #expect(throws: SutureError.self) { try generation.validate() }
        generation.groups = [.neighborhood]
        generation.asksAsUser = false
        let scores = try generation.evaluate(cases, in: session.session)
        #expect(Set(scores.map(\.name)) == ["neighborhood_match", "neighborhood_contained"])
        generation.system = "Be brief."
        #expect(throws: SutureError.self) { try generation.validate() }
    }
}
