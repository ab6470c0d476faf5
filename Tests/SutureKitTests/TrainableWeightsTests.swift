// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import SutureKit

@Suite("Trainable weights")
struct TrainableWeightsTests {
    private static let tokens = [5, 9, 40, 17]
    private static let end = [TokenIndex(row: 0, position: 3)]

    private func model(_ family: TinyModel.Family = .gpt2, dtype: DType = .float32) throws -> Model {
        try TestSession(TinyModel.load(family, dtype: dtype)).model
    }

    /// −log p of a token at the end of a text.
    private func loss(_ model: Model) throws -> Tensor {
        let logits = try model.logits(of: [Self.tokens], at: Self.end)
        return try logits.logSoftmax()[0][7] * -1
    }

    @Test("Every kind of parameter can be trained")
    func allParameters() throws {
        for family in TinyModel.Family.allCases {
            let model = try model(family)
            let weights = try TrainableWeights(model.parameterNames, of: model)
            try loss(model.applying(weights.patch)).backward()
            for (name, leaf) in zip(weights.names, weights.leaves) {
                let norm = try leaf.gradient()?.norm().item() ?? 0
                // A shift of all keys moves no attention.
                if !name.contains("k_proj.bias") { #expect(norm > 0, "\(family) \(name)") }
            }
        }
    }

    @Test(
        "The gradient is that of finite differences, for every weight of the model",
        arguments: [TinyModel.Family.gpt2, .llama, .gptNeoX])
    func finiteDifferences(family: TinyModel.Family) throws {
        let model = try model(family, dtype: .float64)
        let weights = try TrainableWeights(model.parameterNames, of: model, dtype: .float64)
        let gradients = try weights.gradients(of: loss(model.applying(weights.patch)))
        let random = try RandomNumbers(seed: 3)
        let step = 1e-5
        for (name, gradient) in zip(weights.names, gradients) {
            // The derivative along a random direction, by a central difference with an error of step².
            let direction = try random.normal(gradient.shape).cast(to: .float64)
            func moved(_ size: Double) throws -> Double {
                try loss(model.applying(Patch([Delta(name, .dense(direction * size))]))).item()
            }
            let expected = try (moved(step) - moved(-step)) / (2 * step)
            let found = try (gradient * direction).sum().item()
            #expect(abs(found - expected) < 1e-6 * max(1, abs(expected)), "\(name): \(found), \(expected)")
        }
    }

    @Test("The model that the weights were taken from stays as it is, bit for bit")
    func baseStays() throws {
        let model = try model()
        let before = try model.parameterNames.map { try model.parameter($0).clone() }
        let logits = try model.logits(of: [Self.tokens], at: Self.end)
        let weights = try TrainableWeights(model.parameterNames(matching: ["all"]), of: model)
        let optimizer = try Optimizer(.adamW(learningRate: 0.1), leaves: weights.leaves)
        var losses: [Double] = []
        for _ in 0..<3 {
            try optimizer.zeroGradients()
            let value = try loss(model.applying(weights.patch))
            losses.append(try value.detached().item())
            try value.backward()
            try optimizer.step()
        }
        #expect(losses[2] < losses[0])
        for (name, tensor) in zip(try model.parameterNames, before) {
            #expect(try model.parameter(name).equal(tensor).all().item() == 1, "\(name)")
        }
        #expect(try model.logits(of: [Self.tokens], at: Self.end).equal(logits).all().item() == 1)
    }

    @Test("The result is a copy, without the changes that vanish in the model's weights")
    func result() throws {
        let model = try model(dtype: .bfloat16)
        let names = try model.parameterNames(matching: ["*.0.mlp.c_fc.weight", "*.1.mlp.c_fc.weight"])
        let weights = try TrainableWeights(names, of: model)
        #expect(try weights.result(on: model).deltas.isEmpty)
        try withoutGradients {
            try weights.leaves[0].assign(from: Tensor.full(weights.leaves[0].shape, 1e-12))
            try weights.leaves[1].assign(from: Tensor.full(weights.leaves[1].shape, 0.5))
        }
        let patch = try weights.result(on: model)
        #expect(patch.deltas.map(\.parameter) == [names[1]])
        try withoutGradients { try weights.leaves[1].assign(from: Tensor.zeros(weights.leaves[1].shape)) }
        #expect(try patch.deltas[0].tensors[0].min().item() == 0.5)
        #expect(patch.deltas[0].tensors[0].dtype == .float32)
    }

    @Test("The gradient is scaled to the limit, and only where it is larger")
    func clipping() throws {
        let model = try model()
        let weights = try TrainableWeights(model.parameterNames(matching: ["*.mlp.c_fc.bias"]), of: model)
        #expect(try weights.clipGradients(to: 1) == 0)
        for leaf in weights.leaves { try (leaf * 3).sum().backward() }
        let norm = 3 * (Double(weights.leaves.count * TinyModel.dMLP)).squareRoot()
        #expect(try abs(weights.clipGradients(to: 1000) - norm) < 1e-3)
        #expect(try abs(weights.clipGradients(to: 1) - norm) < 1e-3)
        #expect(try abs(weights.clipGradients(to: 1) - 1) < 1e-4)
    }

    @Test("A pattern chooses names in the model's order, and one that chooses nothing is refused")
    func names() throws {
        let model = try model(.llama)
        let chosen = try model.parameterNames(matching: ["*.3.mlp.up_proj.weight", "*.mlp.up_proj.*", "*norm*"])
        #expect(chosen == (try model.parameterNames.filter { $0.contains("up_proj") || $0.contains("norm") }))
        #expect(
            try model.parameterNames(matching: ["mlp"]) == (try model.parameterNames.filter { $0.contains(".mlp.") }))
        let error = #expect(throws: SutureError.self) { try model.parameterNames(matching: ["all", "*.c_fc.*"]) }
        #expect(error?.message == "the model has no parameter \"*.c_fc.*\"")
        #expect(throws: SutureError.self) { try TrainableWeights(["no.such.weight"], of: model) }
    }

    @Test(
        "A star in a name stands for any text",
        arguments: [
            ("a.*.c", true), ("*", true), ("a.*", true), ("*.c", true), ("a.b.c", true), ("a*b*c", true),
            ("a.b", false), ("*.b", false), ("b*", false), ("a.*.*.c", false), ("a.b.c*c", false),
        ])
    func patterns(pattern: String, isMatch: Bool) {
        #expect(NamePattern.matches("a.b.c", pattern) == isMatch)
    }
}
