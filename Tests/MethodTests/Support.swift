// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel
import TestSupport

@testable import ValueEditing

extension TestSession {
    /// Second moments of a few texts, computed by one plain pass per layer.
    func takeStatistics(_ texts: [String]) throws {
        let original = try Session.original(of: self)
        secondMoment = { kind, layer in
            var sum: Tensor?
            var count = 0
            for text in texts {
                let tokens = try original.encode(text)
                var pass = Forward(try TokenBatch([tokens]), logits: .none)
                pass.captures = [Capture(Site(kind, layer: layer))]
                let values = try original.forward(pass).captures[0][0].cast(to: .float64)
                let product = try values.transposed().matmul(values)
                sum = try sum.map { try $0 + product } ?? product
                count += tokens.count
            }
            guard let sum else { throw SutureError(.invalidArgument, "no texts") }
            return SecondMoment(matrix: try sum / Double(count), tokenCount: count)
        }
    }
}

extension Session {
    static func original(of session: TestSession) throws -> Model { try session.session.original }
}

/// The texts that the tests' second moments are computed from.
let statisticsTexts = TinyCases.statisticsTexts

/// The largest absolute difference of two tensors.
func distance(_ a: Tensor, _ b: Tensor) throws -> Double {
    try (a.cast(to: .float64) - b.cast(to: .float64)).abs().max().item()
}
