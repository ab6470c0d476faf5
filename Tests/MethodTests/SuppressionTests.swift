// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Locators

/// float32 probabilities over other batch shapes.
private let probabilityTolerance = 1e-5

@Suite("Suppressing the bridge")
struct SuppressionTests {
    let session: TestSession

    init() throws { session = try TestSession(TinyModel.load(.llama)) }

    @Test("The published change is the least-squares solution over the whole vocabulary")
    func leastSquares() throws {
        let model = try session.model
        let weight = try model.parameter("lm_head.weight").cast(to: .float64)
        let head = try OutputLayer(model)
        let state = try RandomNumbers(seed: 3).normal([TinyModel.dModel], deviation: 1)
        let logits = try weight.matmul(state.cast(to: .float64).unsqueezed(1)).squeezed(1)
        let method = Suppression()
        var request = [Double](repeating: 0, count: weight.shape[0])
        let smallest = try logits.min().item()
        for token in [5, 9] { request[token] = try smallest - logits.select(0, token).item() }
        let change = try weight.pseudoInverse().matmul(Tensor(request, shape: [weight.shape[0], 1])).squeezed(1)
        let expected = try state.cast(to: .float64) + change
        let found = try method.changed(state, words: [5, 9], answer: [], head)
        #expect(try distance(found, expected) < 1e-4)
    }

    @Test("The exact change fulfils the request and leaves the answer's logits as they are")
    func exact() throws {
        let head = try OutputLayer(session.model)
        let state = try RandomNumbers(seed: 3).normal([TinyModel.dModel], deviation: 1)
        let method = Suppression()
        method.solution = .exact
        let before = try head.logits(state)
        let after = try head.logits(method.changed(state, words: [5], answer: [9], head))
        #expect(try abs(after.select(0, 5).item() - before.min().item()) < 1e-4)
        #expect(try abs(after.select(0, 9).item() - before.select(0, 9).item()) < 1e-4)
        method.mode = .enhance
        let raised = try head.logits(method.changed(state, words: [5], answer: [9], head)).select(0, 5).item()
        #expect(try abs(raised - max(before.max().item(), 2 * before.select(0, 5).item())) < 1e-4)
    }

    @Test(
        "Every layer has the answer untouched, with the bridge and with random words suppressed; one seed gives one map"
    )
    func maps() throws {
        let method = Suppression()
        let found = try method.locate(TwoHopCases.all, in: session.session)
        #expect(try method.locate(TwoHopCases.all, in: session.session) == found)
        method.tokenBudget = 1
        #expect(
            try TwoHopCases.spread(found, method.locate(TwoHopCases.all, in: session.session)) < probabilityTolerance)
        let own = found.filter { $0.caseIndex == 0 }
        #expect(own.count == TinyModel.layerCount * 6)
        let untouched = Set(own.filter { $0.measure == "probability, untouched" }.map(\.score))
        #expect(untouched.count == 1)
        #expect(
            own.contains { $0.measure == "probability, bridge suppressed" && abs($0.score - untouched.first!) > 1e-6 })
    }
}
