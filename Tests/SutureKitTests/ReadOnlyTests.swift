// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import SutureKit

@Suite("What comes out of a model is read-only")
struct ReadOnlyTests {
    private let session: TestSession

    init() throws { session = try TestSession(TinyModel.load(.gpt2)) }

    private func refusal(_ body: () throws -> Void) -> SutureError? {
        do {
            try body()
            return nil
        } catch { return error as? SutureError }
    }

    @Test("An optimiser on a live parameter, the habit from PyTorch, is refused, and one on a clone is not")
    func liveParameter() throws {
        let model = try session.model
        let name = try model.weightName(reading: .neurons(0))
        let before = try model.parameter(name).scalars(as: Double.self)
        let error = refusal {
            _ = try Optimizer(.adam(learningRate: 0.1), leaves: [model.parameter(name).leaf()])
        }
        #expect(error?.code == .failedPrecondition && error?.hint.contains("clone()") == true)
        let leaf = try model.parameter(name).clone().leaf()
        let optimizer = try Optimizer(.sgd(learningRate: 1), leaves: [leaf])
        try leaf.sum().backward()
        try optimizer.step()
        #expect(try leaf.scalars(as: Double.self) != before)
        #expect(try model.parameter(name).scalars(as: Double.self) == before)
    }

    @Test("A capture of the plugin's own residual stays the plugin's")
    func ownTensors() throws {
        let model = try session.model
        let residual = try Tensor.zeros([1, 2, model.info.dModel]).leaf()
        let optimizer = try Optimizer(.sgd(learningRate: 1), leaves: [residual])
        var pass = Forward(.residual(residual, lengths: [2]), layers: 1..<2, logits: .none)
        pass.captures = [Capture(.residualIn(1)), Capture(.residualOut(1))]
        let captures = try model.forward(pass).captures
        try captures[1].sum().backward()
        try optimizer.step()
        try residual.detached().assign(from: Tensor.zeros(residual.shape))
        #expect(
            refusal { try captures[1].detached().assign(from: captures[1].detached()) }?.hint.contains("clone()")
                == true)
    }
}
