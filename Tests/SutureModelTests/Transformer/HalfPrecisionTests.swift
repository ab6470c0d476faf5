// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel
import TestSupport
import Testing

@Suite("A model in half precision")
struct HalfPrecisionTests {
    init() throws { try TestHost.install() }

    private static let halves = [DType.bfloat16, .float16]

    private func transformer(_ dtype: DType) throws -> any Network {
        try TinyModel.load(.llama, dtype: dtype).transformer
    }

    private func pass() throws -> Forward { Forward(try TokenBatch([[5, 9, 40, 7, 22], [8, 3]])) }

    @Test("What a pass gives is float32, and the pass goes on as if nothing had been looked at", arguments: halves)
    func widened(dtype: DType) throws {
        let model = try transformer(dtype)
        let plain = try #require(try model.run(pass()).logits)
        var watched = try pass()
        let sites = [Site.embedding, .residualIn(0), .attentionOutput(1), .neurons(2), .residualOut(3), .finalNorm]
        watched.captures = sites.map { Capture($0) } + [Capture(.neurons(2), at: [TokenIndex(row: 0, position: 4)])]
        let output = try model.run(watched)
        #expect(plain.dtype == .float32)
        #expect(output.captures.allSatisfy { $0.dtype == .float32 })
        #expect(try #require(output.logits).bytes() == plain.bytes())
        // The numbers are those of the model's type.
        for capture in output.captures {
            #expect(try capture.cast(to: dtype).cast(to: .float32).bytes() == capture.bytes())
        }
    }

    @Test("A closure sees float32, and what it returns is rounded once", arguments: halves)
    func closure(dtype: DType) throws {
        let model = try transformer(dtype)
        var pass = try pass()
        var seen: [DType] = []
        let nudge = 1e-3
        pass.interventions = [
            Intervention(
                .residualOut(1),
                .closure {
                    seen.append($0.dtype)
                    return try $0 + nudge
                }), Intervention(.residualOut(1), .closure { try $0 - nudge }),
        ]
        pass.captures = [Capture(.residualOut(1))]
        var plain = try self.pass()
        plain.captures = pass.captures
        let captured = try model.run(pass).captures[0]
        #expect(seen == [.float32])
        // There and back in float32: the rounding to half precision comes after both.
        let difference = try (captured - model.run(plain).captures[0]).abs().max().item()
        #expect(difference == 0)
    }

    @Test("Gradients of what was captured are float32 and not 0", arguments: halves)
    func gradients(dtype: DType) throws {
        let model = try transformer(dtype)
        try withGradients {
            var pass = try pass()
            pass.interventions = [Intervention(.residualIn(1), .closure { try $0.leaf() })]
            pass.captures = [Capture(.neurons(2))]
            let output = try model.run(pass)
            let loss = try #require(output.logits).square().mean()
            let gradient = try #require(try loss.gradients(of: output.captures)[0])
            #expect(gradient.dtype == .float32)
            #expect(try gradient.abs().max().item() > 0)
        }
    }

    @Test("A change is added in float32 and rounded once", arguments: halves)
    func change(dtype: DType) throws {
        let model = try TinyModel.load(.llama, dtype: dtype)
        let name = "model.layers.1.mlp.down_proj.weight"
        let weight = try model.transformer.weights.tensor(name)
        // Each number of the change alone lies between two of the half type.
        let change = try RandomNumbers(seed: 3).normal(weight.shape, deviation: 0.1)
        let edited = try model.applying([Delta(name, .dense(change))]).transformer.weights.tensor(name)
        let expected = try (weight.cast(to: .float64) + change.cast(to: .float64)).cast(to: .float32).cast(to: dtype)
        #expect(try edited.bytes() == expected.bytes())
    }

    @Test("A change beyond the range of float16 is refused")
    func beyondFloat16() throws {
        let model = try TinyModel.load(.llama, dtype: .float16)
        let name = "model.layers.1.mlp.down_proj.weight"
        let shape = try model.transformer.weights.tensor(name).shape
        let error = #expect(throws: SutureError.self) {
            try model.applying([Delta(name, .dense(Tensor.full(shape, 70_000)))])
        }
        #expect(error?.message == "the change of \(name) leads beyond the range of float16")
    }
}
