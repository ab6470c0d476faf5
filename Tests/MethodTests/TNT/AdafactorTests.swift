// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import TNT

/// Steps against those of transformers; see Golden/make_adafactor.py.
@Suite("Adafactor")
struct AdafactorTests {
    private struct Golden: Decodable {
        struct Step: Decodable {
            var matrix: [Double]
            var norm: Double
            var vector: [Double]
        }
        var rate: Double
        var steps: [Step]
    }

    private static func entries(_ rows: Int, _ columns: Int, _ row: Double, _ column: Double, _ shift: Double)
        -> [Double]
    {
        (0..<rows).flatMap { i in (0..<columns).map { j in sin(row * Double(i) + column * Double(j) + shift) } }
    }

    @Test("Factored and full moments step as in transformers, relative to the size of each weight")
    func golden() throws {
        try TestHost.install()
        let file = try GoldenFile.url(
            "Tests/MethodTests/TNT/Golden/adafactor.json", madeBy: "Tests/MethodTests/TNT/Golden/make_adafactor.py")
        let golden = try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
        let weights = [
            try Tensor(Self.entries(130, 128, 0.11, 0.37, 0).map { Float(0.3 * $0) }, shape: [130, 128]),
            try Tensor(Self.entries(1, 7, 0, 0.9, 0.4).map { Float(2 * $0) }, shape: [7]),
        ]
        let leaves = try weights.map { try Tensor.zeros($0.shape).leaf() }
        var adafactor = Adafactor()
        for (number, expected) in golden.steps.enumerated() {
            let step = Double(number)
            let gradients = [
                try Tensor(
                    Self.entries(130, 128, 0.07 * (step + 1), 0.23, step).map { Float(0.01 * (step + 1) * $0) },
                    shape: [130, 128]),
                try Tensor(Self.entries(1, 7, 0, 0.5 * (step + 1), step).map { Float(0.5 * $0) }, shape: [7]),
            ]
            try adafactor.step(leaves, gradients: gradients, of: weights, learningRate: golden.rate)
            let change = try leaves[0].detached()
            for (place, value) in zip([(0, 0), (3, 5), (64, 127), (129, 1)], expected.matrix) {
                #expect(try abs(change[place.0][place.1].item() - value) < 1e-3 * abs(value) + 1e-9)
            }
            #expect(try abs(change.norm().item() / expected.norm - 1) < 1e-4)
            for (found, value) in zip(try leaves[1].detached().scalars(as: Double.self), expected.vector) {
                #expect(abs(found - value) < 1e-3 * abs(value) + 1e-7)
            }
        }
    }

    @Test("A weight without a gradient stays as it is, and the others keep their moments")
    func missing() throws {
        try TestHost.install()
        let weights = [try Tensor([1, 2] as [Float]), try Tensor([3, 4] as [Float])]
        let leaves = try weights.map { try Tensor.zeros($0.shape).leaf() }
        let gradient = try Tensor([0.1, -0.2] as [Float])
        var both = Adafactor()
        try both.step(leaves, gradients: [nil, gradient], of: weights, learningRate: 0.1)
        try both.step(leaves, gradients: [gradient, nil], of: weights, learningRate: 0.1)
        let (first, second) = (try leaves[0].scalars(as: Float.self), try leaves[1].scalars(as: Float.self))
        #expect(first[0] < 0 && first[1] > 0 && second[0] < 0 && second[1] > 0)
    }

    @Test("Weight decay is refused with it")
    func decay() throws {
        let settings = TrainingSettings()
        settings.optimizer = .adafactor
        try settings.validate()
        settings.weightDecay = 0.1
        let error = #expect(throws: SutureError.self) { try settings.validate() }
        #expect(error?.message.contains("adafactor has none") == true)
    }
}
