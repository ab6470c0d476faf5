// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Locators

/// float32 probabilities over other batch shapes.
private let probabilityTolerance = 1e-5

@Suite("Causal tracing")
struct CausalTraceTests {
    let session: TestSession
    /// Cases whose answer is what the model says.
    let cases: [EditCase]

    init() throws {
        session = try TestSession(TinyModel.load())
        let model = try session.model
        cases = try TinyCases.make(40).compactMap { editCase in
            let tokens = try model.encode(editCase.filledPrompt)
            let logits = try #require(try model.forward(Forward(TokenBatch([tokens]), logits: .last)).logits)
            let best = try Int(logits.argmax().item())
            var editCase = editCase
            editCase.targetTrue = try model.decode([best])
            // Objects begin with a space; not every token of the model does.
            return editCase.targetTrue.hasPrefix(" ") ? editCase : nil
        }
    }

    /// A case whose answer the model does not give.
    private var unknown: EditCase {
        get throws {
            var editCase = cases[2]
            let tower = try session.model.encode(prompt: editCase.filledPrompt, target: "tower").target[0]
            let known = try session.model.encode(editCase.targetTrue)[0]
            editCase.targetTrue = tower == known ? "Rome" : "tower"
            return editCase
        }
    }

    private func run(_ editCase: EditCase, tokenBudget: Int = 8192, seed: Int = 3) throws -> CorruptedRun {
        try CorruptedRun(
            TracedPrompt(editCase, session.model), noise: 0.8, samples: 4, seed: seed, window: 2,
            tokenBudget: tokenBudget, session.model)
    }

    @Test("Restoring the last position of the last layer gives the clean probability")
    func restoringTheEnd() throws {
        for editCase in cases.prefix(3) {
            let run = try run(editCase)
            let scores = try run.scores(restoring: .residualOut, TinyModel.layerCount - 1)
            #expect(abs(scores[scores.count - 1] - run.high) < probabilityTolerance)
            #expect(abs(run.high - run.low) > 100 * probabilityTolerance)
        }
    }

    @Test("A cell equals a whole pass in which the clean row is copied", arguments: CausalTrace.kinds)
    func equalsWholePass(kind: Site.Kind) throws {
        let model = try session.model
        let prompt = try TracedPrompt(cases[1], model)
        let run = try run(cases[1])
        // Row 0 is clean, the others corrupted by the run's own noise.
        let noise = try RandomNumbers(seed: 3).normal([4 * prompt.subject.count, TinyModel.dModel], deviation: 0.8)
        let corrupted = (1...4).flatMap { row in prompt.subject.map { TokenIndex(row: row, position: $0) } }
        for layer in 0..<TinyModel.layerCount {
            let touched = kind == .residualOut ? layer..<layer + 1 : CorruptedRun.window(around: layer, 2, 4)
            let scores = try run.scores(restoring: kind, layer)
            for position in prompt.tokens.indices {
                var pass = Forward(
                    try TokenBatch([[Int]](repeating: prompt.tokens, count: 5)), logits: .last)
                pass.interventions = [Intervention(.embedding, at: corrupted, .add(noise))]
                pass.interventions += touched.map {
                    Intervention(
                        Site(kind, layer: $0), at: (1...4).map { TokenIndex(row: $0, position: position) }, .copyRow(0))
                }
                let logits = try #require(try model.forward(pass).logits)
                let expected = try logits.softmax()[1..<5].select(1, prompt.answer).mean().item()
                #expect(abs(scores[position] - expected) < probabilityTolerance)
            }
        }
    }

    @Test("A map does not depend on how cells are batched, and one seed gives one map")
    func batching() throws {
        let whole = try run(cases[0]).scores(restoring: .mlpOutput, 1)
        let again = try run(cases[0]).scores(restoring: .mlpOutput, 1)
        let single = try run(cases[0], tokenBudget: 1).scores(restoring: .mlpOutput, 1)
        let other = try run(cases[0], seed: 4).scores(restoring: .mlpOutput, 1)
        #expect(whole == again)
        #expect(zip(whole, single).allSatisfy { abs($0 - $1) < probabilityTolerance })
        #expect(whole != other)
    }

    @Test("Emits every cell, selects the band of largest mean effect, and leaves out what the model does not know")
    func locating() throws {
        let trace = CausalTrace()
        trace.samples = 2
        trace.window = 2
        trace.selected = 2
        try trace.validate()
        #expect(cases.count >= 3)
        let locations = try trace.locate([cases[0], cases[1], unknown], in: session.session)
        let cells = locations.filter { !$0.isSelected }
        let tokens = try [cases[0], cases[1]].map { try session.model.encode($0.filledPrompt).count }
        #expect(cells.count == 3 * TinyModel.layerCount * tokens.reduce(0, +))
        #expect(Set(cells.compactMap(\.caseIndex)) == Set(cases[..<2].map(\.index)))
        let layers = locations.selectedLayers(of: .neurons, forCase: 0)
        #expect(layers.count == 2 && layers[1] == layers[0] + 1)
        let best = locations.filter(\.isSelected).map(\.score).reduce(0, +)
        let means = (0..<TinyModel.layerCount).map { layer in
            cells.filter { $0.site == .mlpOutput(layer) && $0.role == .subjectLast }.map(\.score).reduce(0, +) / 2
        }
        #expect(abs(best - (0..<3).map { means[$0] + means[$0 + 1] }.max()!) < 1e-12)
    }

    @Test("Cases that the model does not know are an error when there are no others")
    func nothingKnown() throws {
        let unknown = try unknown
        #expect(
            throws: SutureError(
                .failedPrecondition, "causal-trace: the model gives the answer of none of the 1 cases",
                hint: "use cases whose target_true the model knows")
        ) {
            try CausalTrace().locate([unknown], in: session.session)
        }
    }

    @Test("Windows are those of the paper, clipped to the model")
    func windows() {
        #expect(CorruptedRun.window(around: 20, 10, 48) == 15..<25)
        #expect(CorruptedRun.window(around: 2, 10, 48) == 0..<7)
        #expect(CorruptedRun.window(around: 46, 10, 48) == 41..<48)
        #expect(CorruptedRun.window(around: 3, 1, 6) == 3..<4)
    }
}

@Suite("Fixed layers")
struct FixedLayersTests {
    @Test("Selects the named layers once each, in order, at the subject's last token")
    func selects() throws {
        let session = try TestSession(TinyModel.load())
        let locator = FixedLayers()
        locator.layers = [2, 1, 2]
        let locations = try locator.locate([], in: session.session)
        #expect(locations.map(\.site) == [.neurons(1), .neurons(2)])
        #expect(locations.allSatisfy { $0.isSelected && $0.score == 1 && $0.role == .subjectLast })
    }

    @Test("A layer or a site that the model lacks is refused")
    func refuses() throws {
        let session = try TestSession(TinyModel.load(.gptj))
        let locator = FixedLayers()
        locator.layers = [4]
        #expect(
            throws: SutureError(
                .outOfRange, "fixed-layers: layers [4] do not fit a model of 4 layers", hint: "layers count from 0")
        ) {
            try locator.locate([], in: session.session)
        }
        locator.layers = [1]
        locator.kind = .residualMid
        #expect(throws: SutureError.self) { try locator.locate([], in: session.session) }
    }
}
