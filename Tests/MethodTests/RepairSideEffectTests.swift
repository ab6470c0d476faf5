// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import Evaluators
@testable import Locators
@testable import STAR

/// What a plain implementation makes of a tiny model; see Golden/STAR/make_side_effects.py.
private struct Golden: Decodable {
    struct Method: Decodable {
        var side_effects: [[String: Double]]
        var figures: [String: Double]
        var overfitting: [[String: Double]]
    }
    private struct Record: Decodable {
        struct Sample: Decodable {
            var prompt: String
            var answer: String
        }
        var prompt: String
        var answer: String
        var wrong_answer: String
        var paraphrase_prompts: [String]
        var neighborhood_samples: [Sample]
    }

    var steps: Int
    var rate: Double
    var repair_rate: Double
    var resamples: Int
    var seed: Int
    var sgd: Method
    var star: Method
    private var cases: [Record]

    static func read(_ family: String) throws -> Golden {
        let folder = "Tests/MethodTests/Golden/STAR"
        let file = try GoldenFile.url("\(folder)/\(family)/side_effects.json", madeBy: "\(folder)/make_side_effects.py")
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }

    var editCases: [EditCase] {
        cases.enumerated().map { i, record in
            EditCase(
                index: i, id: "\(i)", prompt: record.prompt, answer: record.answer,
                paraphrasePrompts: record.paraphrase_prompts,
                neighborSamples: record.neighborhood_samples.map {
                    Neighbor(prompt: $0.prompt, subject: "", target: $0.answer)
                }, wrongAnswer: record.wrong_answer)
        }
    }

    /// The evaluator with the settings of the script.
    var evaluator: SideEffects {
        let evaluator = SideEffects()
        evaluator.repair = ComponentReference(slot: "repair")
        evaluator.forcing.steps = steps
        evaluator.forcing.rate = rate
        evaluator.bootstrap.resamples = resamples
        evaluator.bootstrap.seed = seed
        return evaluator
    }

    func method(_ name: String) -> (patcher: any Patcher, expected: Method) {
        if name == "sgd" {
            let patcher = SGD()
            patcher.steps.learningRate = repair_rate
            return (patcher, sgd)
        }
        let patcher = STAR()
        patcher.steps.learningRate = repair_rate
        return (patcher, star)
    }
}

private func session(_ family: String) throws -> TestSession {
    try TestHost.install()
    let folder = Repository.root.appending(path: "Tests/MethodTests/Golden/STAR/\(family)")
    let session = TestSession(try LanguageModel(folder: folder))
    session.stage = "after"
    return session
}

/// Names with values, by case.
private func records(_ scores: [Score], count: Int) -> [[String: Double]] {
    scores.reduce(into: [[String: Double]](repeating: [:], count: count)) {
        if let index = $1.caseIndex { $0[index][$1.name] = $1.value }
    }
}

/// Probabilities of a model that was changed by some twenty float32 steps, which two programs round differently.
private let tolerance = 2e-4

private func isClose(_ a: [[String: Double]], _ b: [[String: Double]]) -> Bool {
    a.count == b.count
        && zip(a, b).allSatisfy { a, b in
            a.keys.sorted() == b.keys.sorted() && a.allSatisfy { abs($0.value - (b[$0.key] ?? .nan)) < tolerance }
        }
}

@Suite("The side effects of repairs")
struct RepairSideEffectTests {
    @Test(
        "Every case and every figure, intervals included, is that of the plain implementation",
        arguments: ["gpt2", "llama"], ["sgd", "star"])
    func golden(family: String, method: String) throws {
        let golden = try Golden.read(family)
        let (patcher, expected) = golden.method(method)
        let session = try session(family)
        session.components["repair"] = patcher
        let scores = try golden.evaluator.evaluate(golden.editCases, in: session.session)
        let found = records(scores, count: golden.editCases.count)
        #expect(isClose(found, expected.side_effects), "\(found)")

        let metrics = try golden.evaluator.summarize(scores.reversed())
        #expect(Set(metrics.map(\.name)) == Set(expected.figures.keys))
        for metric in metrics {
            let value = try #require(expected.figures[metric.name])
            #expect(abs(metric.value - value) < 100 * tolerance, "\(metric.name): \(metric.value), \(value)")
        }
    }

    @Test("Neither the order of cases nor what shares a call or a batch changes a score, and the model stays as it was")
    func partition() throws {
        let golden = try Golden.read("llama")
        let session = try session("llama")
        session.components["repair"] = golden.method("star").patcher
        let cases = golden.editCases
        let names = try session.model.parameterNames
        let before = try names.map { try session.model.parameter($0).bytes() }
        let whole = records(try golden.evaluator.evaluate(cases, in: session.session), count: cases.count)
        let narrow = golden.evaluator
        narrow.tokenBudget = 1
        var parts: [Score] = []
        for editCase in cases.reversed() { parts += try narrow.evaluate([editCase], in: session.session) }
        #expect(isClose(records(parts, count: cases.count), whole))
        #expect(try names.map { try session.model.parameter($0).bytes() } == before)
    }

    @Test("A neighbour without an answer has the token that the model says before anything is forced")
    func bareNeighbors() throws {
        let session = try session("gpt2")
        let model = try session.model
        var editCase = try Golden.read("gpt2").editCases[0]
        editCase.neighborhoodPrompts = editCase.neighborSamples.map(\.prompt)
        editCase.neighborSamples = []
        let found = try SideEffectNeighbors(of: editCase, on: model, tokenBudget: 64).groups
        for (prompt, token) in zip(editCase.neighborhoodPrompts, found[1].tokens) {
            let logits = try model.logits(Forward(TokenBatch([model.encode(prompt)]), logits: .last))
            #expect(token.token == Int(try logits.argmax().item()))
        }
        #expect(found[1].tokens.count == 2)
        #expect(
            try model.standings(of: found[1].tokens, tokenBudget: 64) == [
                .init(gap: 0, rank: 0), .init(gap: 0, rank: 0),
            ])
    }

    @Test("The place of the error is the first token in which the two answers differ, after any wording")
    func parting() throws {
        let model = try session("gpt2").model
        var editCase = EditCase(index: 0, id: "7", prompt: "# a\n", answer: "x.sort()", wrongAnswer: "x.some()")
        for prompt in ["# a\n", "# b c\n"] {
            let parting = try PartingAnswers(prompt, of: editCase, model)
            #expect(try parting.context == model.encode(prompt + "x.so"))
            #expect(try [parting.right, parting.wrong] == model.encode("rm"))
        }
        editCase.wrongAnswer = "x.sort"
        #expect(
            throws: SutureError(
                .invalidArgument,
                "case 7: the wrong answer \"x.sort\" and the answer \"x.sort()\" have the same tokens until one of them ends",
                hint: "write a wrong_answer that differs in a token")
        ) { try PartingAnswers("# a\n", of: editCase, model) }
        editCase.wrongAnswer = "y"
        let long = String(repeating: "a", count: 33)
        #expect(throws: SutureError.self) { try PartingAnswers(long, of: editCase, model) }
    }

    @Test("A locator is asked on the forced model, and says where the repair may write")
    func locator() throws {
        let golden = try Golden.read("gpt2")
        let session = try session("gpt2")
        let occlusion = LayerOcclusion()
        session.components = ["repair": golden.method("sgd").patcher, "locator": occlusion]
        let cases = [golden.editCases[0]]
        let everywhere = try golden.evaluator.evaluate(cases, in: session.session)
        let evaluator = golden.evaluator
        evaluator.locator = ComponentReference(slot: "locator")
        occlusion.amount = .one
        let located = try evaluator.evaluate(cases, in: session.session)
        #expect(everywhere.map(\.name) == located.map(\.name) && everywhere.map(\.value) != located.map(\.value))
    }
}

@Suite("Intervals by resampling")
struct BootstrapTests {
    @Test("The same seed draws the same cases in whatever order scores come; one case has no interval")
    func order() throws {
        let settings = BootstrapSettings()
        func mean(_ scores: [Score]) -> [Metric] {
            settings.mean(of: "x", in: scores, unit: "u", direction: .none, protocol: "p")
        }
        let scores = (0..<20).map { Score("x", Double($0 * $0 % 7), caseIndex: $0) }
        #expect(mean(scores) == mean(scores.reversed()) && mean(scores).map(\.name) == ["x", "x_low", "x_high"])
        #expect(mean(scores)[1].value < mean(scores)[0].value && mean(scores)[0].value < mean(scores)[2].value)
        #expect(mean([scores[1]]).map(\.name) == ["x"] && mean([]).isEmpty)
        let first = mean(scores)
        settings.seed = 1
        #expect(mean(scores) != first)
    }

    @Test("The interval of a mean is nearly that of the normal distribution")
    func width() throws {
        let values = (0..<200).map { Double(($0 * 7919) % 200) }
        let (low, high) = try #require(BootstrapSettings().interval(of: values))
        let error = try #require(
            Metric.mean(
                of: "x", in: values.map { Score("x", $0) }, unit: "u", direction: .none, protocol: "p")?.standardError)
        #expect(abs((high - low) / (2 * 1.96 * error) - 1) < 0.1)
    }
}

@Suite("Whether repairs hold for other wordings")
struct OverfittingTests {
    @Test(
        "Shares of tokens that were wrong before are those of the plain implementation",
        arguments: ["gpt2", "llama"], ["sgd", "star"])
    func golden(family: String, method: String) throws {
        let golden = try Golden.read(family)
        let (patcher, expected) = golden.method(method)
        let session = try session(family)
        try session.apply(patcher.patch(golden.editCases, at: [], in: session.session))
        let scores = try Overfitting().evaluate(golden.editCases, in: session.session)
        let found = records(scores, count: golden.editCases.count)
        #expect(isClose(found, expected.overfitting), "\(found)")
        let narrow = Overfitting()
        narrow.tokenBudget = 1
        let parts = try golden.editCases.reversed().flatMap { try narrow.evaluate([$0], in: session.session) }
        #expect(records(parts, count: golden.editCases.count) == found)
        for metric in try Overfitting().summarize(scores) {
            let values = expected.overfitting.compactMap { $0[metric.name] }
            #expect(abs(metric.value - 100 * values.reduce(0, +) / Double(values.count)) < 1e-9)
        }
    }

    @Test(
        "Nothing is measured before an edit, nor of a case whose tokens were right, and an unedited model solves nothing"
    )
    func nothing() throws {
        let session = try session("gpt2")
        var editCase = try Golden.read("gpt2").editCases[0]
        #expect(try Overfitting().evaluate([editCase], in: session.session).map(\.value) == [0, 0, 0])
        session.stage = "before"
        #expect(try Overfitting().evaluate([editCase], in: session.session).isEmpty)
        session.stage = "after"
        let model = try session.model
        let said = try model.generate([model.encode(editCase.prompt)], Model.Generation(maxNewTokens: 1))[0]
        editCase.answer = try model.decode(said)
        editCase.paraphrasePrompts = [editCase.prompt]
        // Where the byte is a text by itself, the answer is right everywhere.
        guard try model.encode(editCase.answer) == said else { return }
        #expect(try Overfitting().evaluate([editCase], in: session.session).isEmpty)
    }
}
