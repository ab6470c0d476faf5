// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("Projections")
struct ProjectionTests {
    private static let families = [TinyModel.Family.gpt2, .gptj, .llama, .gptNeoX]
    /// Rows of different lengths, so that one is padded.
    private static let rows = [[5, 9, 40, 17, 8, 3], [11, 12, 5]]
    private static let reads = TokenPositions([
        TokenIndex(row: 0, position: 2), TokenIndex(row: 0, position: 5), TokenIndex(row: 1, position: 2),
    ])

    private func model(_ family: TinyModel.Family) throws -> Model { try TestSession(TinyModel.load(family)).model }

    private func pass() throws -> Forward { Forward(try TokenBatch(Self.rows), logits: .at(Self.reads)) }

    /// Σ −log p of a token at each read.
    private func loss(_ output: ForwardOutput) throws -> Tensor {
        try output.requireLogits().cast(to: .float32).crossEntropy(Tensor([7, 30, 4]), reduction: .sum)
    }

    private func distance(_ a: Tensor, _ b: Tensor) throws -> Double { try (a - b).abs().max().item() }

    @Test("Each projection is its weight, applied to its input", arguments: families)
    func appliesWeight(family: TinyModel.Family) throws {
        let model = try model(family)
        let projections = try model.projections
        #expect(projections.count == TinyModel.layerCount * (family == .llama ? 7 : 6))
        #expect(projections.map(\.layer) == projections.map(\.layer).sorted())
        for projection in projections {
            var pass = Forward(try TokenBatch(Self.rows), logits: .none)
            pass.captures = [Capture(projection.input), Capture(projection.output)]
            let values = try model.forward(pass).captures
            func chosen(_ tensor: Tensor) throws -> Tensor {
                try projection.rows.map { try tensor.indexSelect(0, $0) } ?? tensor
            }
            let weight = try chosen(model.parameter(projection.parameter))
            #expect(weight.shape == [projection.rowCount, values[0].shape[2]])
            let bias = projection.parameter.dropLast("weight".count) + "bias"
            let hasBias = try model.parameterNames.contains(String(bias))
            let expected = try values[0].linear(weight, bias: hasBias ? chosen(model.parameter(String(bias))) : nil)
            #expect(try distance(values[1], expected) < 1e-5, "\(projection.output)")
        }
    }

    @Test("Σ g xᵀ over the tokens is the gradient of the weight, for every projection", arguments: families)
    func weightGradients(family: TinyModel.Family) throws {
        let model = try model(family)
        let projections = try model.projections
        let weights = try TrainableWeights(Set(projections.map(\.parameter)).sorted(), of: model)
        let gradients = try weights.gradients(of: loss(model.applying(weights.patch).forward(pass())))
        let expected = Dictionary(uniqueKeysWithValues: zip(weights.names, gradients))
        let found = try model.gradients(of: projections, in: pass(), loss: loss)
        #expect(found.map(\.projection) == projections)
        for gradient in found {
            let projection = gradient.projection
            let whole = try #require(expected[projection.parameter])
            let own = try projection.rows.map { try whole.indexSelect(0, $0) } ?? whole
            let size = try own.abs().max().item()
            #expect(size > 0)
            let (x, g) = (try gradient.inputs(), try gradient.gradients())
            #expect(x.shape[0] == 9 && g.shape == [9, projection.rowCount])
            #expect(try distance(g.transposed().matmul(x), own) < 1e-5 * size, "\(projection.output)")
            #expect(try distance(gradient.weightGradient(), own) < 1e-5 * size, "\(projection.output)")
            let some = try gradient.weightGradient(units: [3, 1])
            #expect(try distance(some, own.indexSelect(1, [3, 1])) < 1e-5 * size)
            #expect(try gradient.gradient[1][3..<6].abs().max().item() == 0, "padding has a gradient")
        }
    }

    @Test("Gradients of some projections, or from a residual on, are those of a whole pass", arguments: families)
    func parts(family: TinyModel.Family) throws {
        let model = try model(family)
        let projections = try model.projections.filter { $0.layer >= 2 }
        let whole = try model.gradients(of: model.projections, in: pass(), loss: loss).suffix(projections.count)
        var below = Forward(.tokens(try TokenBatch(Self.rows)), layers: 0..<2, logits: .none)
        below.captures = [Capture(.residualOut(1))]
        let stream = try model.forward(below).captures[0]
        let above = Forward(
            .residual(stream, lengths: IntegerVector(Self.rows.map(\.count))), layers: 2..<4, logits: .at(Self.reads))
        // Recording is switched on by itself.
        let some = try withoutGradients { try model.gradients(of: projections, in: pass(), loss: loss) }
        let suffix = try model.gradients(of: projections, in: above, loss: loss)
        for ((a, b), c) in zip(zip(whole, some), suffix) {
            #expect(try distance(a.gradient, b.gradient) == 0 && distance(a.input, b.input) == 0)
            #expect(try distance(a.gradient, c.gradient) < 1e-5)
        }
        #expect(!stream.requiresGradient)
    }

    @Test("Captures and interventions of the caller are those of a pass without gradients")
    func callersPass() throws {
        let model = try model(.gpt2)
        var pass = try pass()
        pass.captures = [Capture(.residualOut(1), at: [TokenIndex(row: 1, position: 1)])]
        pass.interventions = [Intervention(.mlpOutput(0), at: [TokenIndex(row: 1, position: 1)], .zero)]
        let plain = try model.forward(pass)
        let projections = try model.projections(writing: [.mlpOutput(2), .query(1)])
        #expect(projections.map(\.output) == [.mlpOutput(2), .query(1)])
        var seen: ForwardOutput?
        _ = try model.gradients(of: projections, in: pass) {
            seen = $0
            return try loss($0)
        }
        let output = try #require(seen)
        #expect(output.captures.count == 1)
        #expect(try distance(output.captures[0], plain.captures[0]) == 0)
        #expect(try distance(output.requireLogits(), plain.requireLogits()) == 0)
    }

    @Test("No projections, and a site that none writes, are refused")
    func refused() throws {
        let model = try model(.gpt2)
        let none = #expect(throws: SutureError.self) { try model.gradients(of: [], in: pass(), loss: loss) }
        #expect(none?.message == "no projection was given to take gradients of")
        let error = #expect(throws: SutureError.self) { try model.projections(writing: [.residualOut(0)]) }
        #expect(error?.message == "no projection of the model writes blocks.0.residual_out")
    }
}
