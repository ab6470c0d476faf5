// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("What is left of an edit in other formats")
struct PatchSurvivalTests {
    private struct Golden: Decodable {
        var shape: [Int]
        var weights: [Double]
        var bfloat16: [Double]
        var float16: [Double]
        var q8_0: [Double]
        var q4_0: [Double]

        subscript(_ form: WeightForm) -> [Double] {
            switch form {
            case .bfloat16: bfloat16
            case .float16: float16
            case .q8: q8_0
            case .q4: q4_0
            }
        }
    }

    @Test(
        "The round trip of every format gives the numbers that llama.cpp's package gives",
        arguments: WeightForm.allCases)
    func golden(_ form: WeightForm) throws {
        try TestHost.install()
        let folder = "Tests/SutureRuntimeTests/Patches/Golden"
        let file = try GoldenFile.url("\(folder)/weight_forms.json", madeBy: "\(folder)/make_weight_forms.py")
        let golden = try JSON.decode(Golden.self, from: Data(contentsOf: file), name: file.path)
        let weights = try Tensor(golden.weights, shape: golden.shape).cast(to: .float32)
        let found = try form.roundTrip(weights)
        #expect(found.shape == golden.shape && found.dtype == .float32)
        #expect(try found.scalars(as: Double.self) == golden[form])
        // A vector, and rows that are no whole blocks, have no blocks.
        let vector = try Tensor((0..<33).map { Double($0) / 7 }).cast(to: .float32)
        let plain = form == .bfloat16 ? form : .float16
        for odd in [vector, try vector.reshaped([1, 33])] {
            #expect(try form.roundTrip(odd).scalars(as: Float.self) == plain.roundTrip(odd).scalars(as: Float.self))
        }
    }

    @Test("The cases of a patch are asked in every format; a patch without cases is refused")
    func survival() throws {
        try HostTables.install()
        let workspace = try Workspace()
        let model = workspace.folder.appending(path: "model")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try TinyModel.write(.gpt2, to: model)
        let original = try LanguageModel(folder: model)
        let one = EditCase(index: 0, id: "lyon", prompt: "a b", targetNew: "c", answer: " c")
        let before = try PatchMeasure.ratings([one], original)[0]
        func survival(_ name: String, scale: Double) throws -> PatchSurvival {
            let parameter = "transformer.h.0.mlp.c_fc.weight"
            let shape = try original.transformer.weights.tensor(parameter).shape
            var generator = PatchFixture.Generator(state: 1)
            let values = (0..<shape[0] * shape[1]).map { _ in generator.number() * scale }
            let patch = workspace.folder.appending(path: name)
            try PatchStore.write(
                Patch([Delta(parameter, .dense(try Tensor(values, shape: shape).cast(to: .float32)))]),
                origin: PatchFixture.origin, model: try StackedModel(opening: model),
                records: PatchRecords(cases: [one]),
                isTransposed: { original.configuration.architecture.storesTransposed($0) }, to: patch)
            return try PatchSurvival(patch, on: model)
        }
        let small = try survival("small", scale: 1e-6)
        #expect(small.cases == 1 && small.outcomes.map(\.form) == [nil, .bfloat16, .float16, .q8, .q4])
        #expect(abs(small.outcomes[0].likelihood - before.negativeLogLikelihood) < 1e-3)
        for outcome in small.outcomes {
            #expect(outcome.lost.isEmpty == (outcome.holding == small.outcomes[0].holding))
        }
        #expect(small.outcomes[4].likelihood != small.outcomes[0].likelihood)
        let none = workspace.folder.appending(path: "none")
        try PatchStore.write(
            Patch([
                Delta(
                    "transformer.ln_f.bias",
                    .dense(try Tensor.ones(original.transformer.weights.tensor("transformer.ln_f.bias").shape)))
            ]),
            origin: PatchFixture.origin, model: try StackedModel(opening: model), isTransposed: { _ in false }, to: none
        )
        let error = try failure { try PatchSurvival(none, on: model) }
        #expect(error.kind == .refused && error.message.hasSuffix("carries no cases that could be asked"))
    }
}
