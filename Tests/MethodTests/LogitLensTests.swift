// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Locators

/// float32 probabilities over other batch shapes.
private let probabilityTolerance = 1e-5

@Suite("The logit lens")
struct LogitLensTests {
    let session: TestSession

    init() throws { session = try TestSession(TinyModel.load(.llama)) }

    @Test("After the last layer, with the final norm, it is the model's own distribution")
    func lastLayer() throws {
        let model = try session.model
        for isNormed in [true, false] {
            let lens = LogitLens()
            lens.normsStream = isNormed
            let found = try lens.locate(TwoHopCases.all, in: session.session)
            for editCase in TwoHopCases.all {
                let (prompt, answer) = try model.continuation(of: editCase.filledPrompt, by: " " + editCase.targetNew)
                let logits = try model.logits(Forward(TokenBatch([prompt]), logits: .last))
                let own = try logits.readings(of: answer)[0]
                let cell = try #require(
                    found.first {
                        $0.caseIndex == editCase.index && $0.site == .residualOut(TinyModel.layerCount - 1)
                            && $0.measure == "probability of the answer"
                    })
                #expect(abs(cell.score - own.probability) < probabilityTolerance)
                #expect(cell.role == .last && cell.position == prompt.count - 1)
            }
        }
    }

    @Test("Without the final norm it is the softmax of the output layer's weight times the stream")
    func withoutNorm() throws {
        let model = try session.model
        let lens = LogitLens()
        lens.normsStream = false
        lens.words = ["Rome"]
        let found = try lens.locate([TwoHopCases.all[0]], in: session.session)
        let (prompt, word) = try model.continuation(of: TwoHopCases.all[0].filledPrompt, by: " Rome")
        let weight = try model.parameter("lm_head.weight")
        for layer in 0..<TinyModel.layerCount - 1 {
            var pass = Forward(try TokenBatch([prompt]), logits: .none)
            pass.captures = [Capture(.residualOut(layer), at: [TokenIndex(row: 0, position: prompt.count - 1)])]
            let logits = try model.forward(pass).captures[0].linear(weight)
            let cell = try #require(
                found.first { $0.site == .residualOut(layer) && $0.measure == "probability of \"Rome\"" })
            #expect(try abs(cell.score - logits.readings(of: word)[0].probability) < probabilityTolerance)
        }
    }

    @Test("A map has every layer, position, word and prompt, does not depend on batches, and is averaged by role")
    func maps() throws {
        let lens = LogitLens()
        lens.positions = [.all]
        let found = try lens.locate(TwoHopCases.all, in: session.session)
        lens.tokenBudget = 1
        #expect(try TwoHopCases.spread(found, lens.locate(TwoHopCases.all, in: session.session)) < 1e-4)
        let answer = found.filter { $0.measure == "probability of the answer" && $0.site == .embedding }
        let tokens = try TwoHopCases.all.map { try session.model.encode($0.filledPrompt).count }
        #expect(answer.count { $0.caseIndex != nil } == tokens.reduce(0, +))
        let ends = answer.filter { $0.role == .last }
        #expect(abs(ends[2].score - (ends[0].score + ends[1].score) / 2) < 1e-12)
        let measures = [
            "probability of the answer", "rank of the answer", "probability of the bridge", "rank of the bridge",
        ]
        #expect(Set(found.map(\.measure)) == Set(measures + measures.map { $0 + " after the guide" }))
        #expect(found.allSatisfy { !$0.isSelected })
    }

    @Test("It selects the layer after which the answer is most likely, where it is asked to")
    func selecting() throws {
        let lens = LogitLens()
        lens.selects = true
        let found = try lens.locate(TwoHopCases.all, in: session.session)
        let means = found.filter {
            $0.caseIndex == nil && !$0.isSelected && $0.measure == "probability of the answer" && $0.site.layer != nil
        }
        let best = try #require(means.max { $0.score < $1.score })
        #expect(found.filter(\.isSelected).map(\.site) == [best.site])
    }
}
