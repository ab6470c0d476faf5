// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import Evaluators

/// float32 log-probabilities over other batch shapes.
private let scoreTolerance = 1e-5

@Suite("CounterFact metrics")
struct CounterFactTests {
    let session: TestSession
    init() throws { session = try TestSession(TinyModel.load()) }

    /// One object after one prompt, alone in a batch.
    private func plain(_ prompt: String, _ object: String) throws -> (nll: Double, isFirst: Bool) {
        let model = try session.model
        let object = object.hasPrefix(" ") ? object : " " + object
        let (head, tail) = (try model.encode(prompt), try model.encode(object))
        let logits = try #require(try model.forward(Forward(TokenBatch([head + tail]))).logits)[0]
        var sum = 0.0
        var isFirst = true
        for (i, token) in tail.enumerated() {
            let row = try logits[head.count - 1 + i]
            sum -= try row.logSoftmax()[token].item()
            isFirst = try isFirst && Int(row.argmax().item()) == token
        }
        return (sum / Double(tail.count), isFirst)
    }

    @Test("Every score equals the plain formula, prompt by prompt")
    func formulas() throws {
        let cases = TinyCases.make(4)
        let scores = try CounterFact().evaluate(cases, in: session.session)
        for editCase in cases {
            func expect(_ name: String, _ prompts: [String], _ right: String, _ wrong: String) throws {
                let pairs = try prompts.map { (try plain($0, right), try plain($0, wrong)) }
                let n = Double(pairs.count)
                let expected = [
                    "success": pairs.filter { $0.0.nll < $0.1.nll }.count / 1,
                    "accuracy": pairs.filter { $0.0.isFirst }.count,
                ].mapValues { Double($0) / n }
                let magnitude = pairs.map { exp(-$0.0.nll) - exp(-$0.1.nll) }.reduce(0, +) / n
                for (measure, value) in expected.merging(["magnitude": magnitude], uniquingKeysWith: { $1 }) {
                    let score = try #require(
                        scores.first { $0.name == "\(name)_\(measure)" && $0.caseIndex == editCase.index })
                    #expect(abs(score.value - value) < scoreTolerance)
                }
            }
            try expect("efficacy", [editCase.filledPrompt], editCase.targetNew, editCase.targetTrue)
            try expect("paraphrase", editCase.paraphrasePrompts, editCase.targetNew, editCase.targetTrue)
            try expect("neighborhood", editCase.neighborhoodPrompts, editCase.targetTrue, editCase.targetNew)
        }
        #expect(scores.count == 4 * 9)
    }

    @Test("Scores do not depend on the size of batches or on which cases come together", arguments: [1, 60, 300])
    func batching(tokenBudget: Int) throws {
        let cases = TinyCases.make(5)
        let whole = try CounterFact().evaluate(cases, in: session.session)
        let evaluator = CounterFact()
        evaluator.tokenBudget = tokenBudget
        let parts =
            try evaluator.evaluate(Array(cases[..<2]), in: session.session)
            + evaluator.evaluate(Array(cases[2...]), in: session.session)
        #expect(whole.map(\.name) == parts.map(\.name) && whole.map(\.caseIndex) == parts.map(\.caseIndex))
        #expect(zip(whole, parts).allSatisfy { abs($0.value - $1.value) < scoreTolerance })
    }

    @Test("Metrics are means over cases in percent; the score is the harmonic mean of the successes")
    func summary() throws {
        var scores: [Score] = []
        for (i, value) in [1.0, 0.5].enumerated() {
            for group in ["efficacy", "paraphrase", "neighborhood"] {
                scores.append(Score("\(group)_success", group == "efficacy" ? 1 : value, caseIndex: i))
            }
        }
        let metrics = try CounterFact().summarize(scores)
        let values = Dictionary(uniqueKeysWithValues: metrics.map { ($0.name, $0.value) })
        #expect(values["efficacy_success"] == 100 && values["paraphrase_success"] == 75)
        let harmonic: Double = 3 / (1.0 / 100 + 1.0 / 75 + 1.0 / 75)
        let score = try #require(values["score"])
        #expect(abs(score - harmonic) < 1e-9)
        #expect(metrics.allSatisfy { $0.n == 2 && $0.unit == "percent" && $0.protocol == "teacher-forced" })
        #expect([100, 0, 50].harmonicMean() == 0)
    }

    @Test("Groups that a data set lacks are left out, and with them the score")
    func missingGroups() throws {
        var editCase = TinyCases.make(1)[0]
        editCase.paraphrasePrompts = []
        let scores = try CounterFact().evaluate([editCase], in: session.session)
        let names = try CounterFact().summarize(scores).map(\.name)
        #expect(names.count == 6 && !names.contains("score") && !names.contains("paraphrase_success"))
    }
}

@Suite("Metrics on ordinary text")
struct TextMetricTests {
    let session: TestSession
    init() throws { session = try TestSession(TinyModel.load()) }

    private func withText<Result>(_ text: String, _ body: (FilePath) throws -> Result) throws -> Result {
        let url = FileManager.default.temporaryDirectory.appending(path: "suture-text-\(UUID().uuidString)")
        try text.write(to: url, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: url) }
        return try body(FilePath(url.path))
    }

    @Test("Perplexity is exp of the mean over predicted tokens, whatever the batches", arguments: [1, 4096])
    func perplexity(tokenBudget: Int) throws {
        let lines = ["The capital of Rome is Paris", "Mount Etna", "The mother tongue is a tower"]
        let model = try session.model
        var sum = 0.0
        var count = 0
        for line in lines {
            let ids = try model.encode(line)
            let logits = try #require(try model.forward(Forward(TokenBatch([ids]))).logits)[0]
            for i in 1..<ids.count { sum -= try logits[i - 1].logSoftmax()[ids[i]].item() }
            count += ids.count - 1
        }
        let metrics = try withText(lines.joined(separator: "\n\n") + "\r\n") { path in
            let evaluator = Perplexity()
            evaluator.path = path
            evaluator.tokenBudget = tokenBudget
            #expect(try evaluator.evaluate(TinyCases.make(1), in: session.session).isEmpty)
            return try evaluator.summarize(evaluator.evaluate([], in: session.session))
        }
        #expect(metrics.count == 1 && metrics[0].n == count)
        #expect(abs(metrics[0].value / exp(sum / Double(count)) - 1) < scoreTolerance)
    }

    @Test("A text longer than the context is cut, not refused")
    func longLines() throws {
        let rows = try session.model.pieces(of: [String(repeating: " Rome", count: 200)])
        #expect(rows.map(\.count) == [96, 96, 8])
    }

    @Test("A text that is not there is named")
    func missingText() throws {
        let evaluator = Perplexity()
        evaluator.path = FilePath("/nowhere/text.txt")
        #expect(
            throws: SutureError(
                .notFound, "the text /nowhere/text.txt cannot be opened", hint: "check the path")
        ) {
            try evaluator.evaluate([], in: session.session)
        }
    }

    @Test("Drift is the mean divergence from the original; 0 for the same model, unmeasured before the edit")
    func drift() throws {
        let cases = TinyCases.make(3)
        let drift = Drift()
        session.stage = "before"
        #expect(try drift.evaluate(cases, in: session.session).isEmpty)
        session.stage = "after"
        #expect(try drift.evaluate(cases, in: session.session).allSatisfy { abs($0.value) < 1e-7 })

        let random = try RandomNumbers(seed: 2)
        let name = try session.model.weightName(reading: .neurons(1))
        try session.apply(
            Patch([Delta(name, .dense(try random.normal([TinyModel.dModel, 64], deviation: 0.2)))]))
        let scores = try drift.evaluate(cases, in: session.session)
        drift.tokenBudget = 1
        let parts = try drift.evaluate(cases, in: session.session)
        #expect(scores.allSatisfy { $0.value > 1e-3 })
        #expect(zip(scores, parts).allSatisfy { abs($0.value - $1.value) < scoreTolerance })
        let metric = try #require(try drift.summarize(scores).first)
        let weights = scores.map(\.weight).reduce(0, +)
        #expect(metric.n == Int(weights) && metric.unit == "nats")
    }
}
