// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel
import TestSupport

@testable import Influence

/// Training examples and queries of different lengths, with and without prompts.
enum InfluenceTexts {
    static let examples =
        (0..<12).map { place in
            MarkedText(
                prompt: place % 3 == 0 ? "" : "The capital of",
                text: ["Rome is a tower", " France is Paris 1989", " the tower"][place % 3]
                    + " \(place) \(place * 7 % 5)")
        } + [MarkedText(prompt: "The", text: " tower of Rome, Paris and the capital of France 7 8 9 10 11 12")]
    static let queries = [
        MarkedText(prompt: "The capital of France is", text: " Rome"), MarkedText(text: "Rome is 1989, the tower"),
        MarkedText(prompt: "Paris", text: " is the capital of the tower"),
    ]
}

extension TestSession {
    /// Does what the host does to fit: pass by pass, block by block, adding in steps of 2⁻³⁶.
    func fit(_ estimator: some Estimator, on examples: [MarkedText], blockSize: Int = 100) throws {
        for pass in 1... {
            let names = try estimator.sumNames(inPass: pass, in: session)
            guard !names.isEmpty else { return }
            var totals: [String: Tensor] = [:]
            for start in stride(from: 0, to: examples.count, by: blockSize) {
                let block = Array(examples[start..<min(start + blockSize, examples.count)])
                for sum in try estimator.sums(over: block, inPass: pass, in: session) {
                    let rounded = try Tensor(
                        sum.tensor.scalars(as: Double.self).map { ($0 * 0x1p36).rounded() * 0x1p-36 },
                        shape: sum.tensor.shape)
                    totals[sum.name] = try totals[sum.name].map { try $0 + rounded } ?? rounded
                }
            }
            for name in names { store[name] = totals[name] }
        }
    }

    /// The influence of examples on queries, `[query, example]`.
    func trace<E: Estimator>(_ estimator: E, _ examples: [MarkedText], on queries: [MarkedText]) throws -> Tensor {
        try estimator.influence(of: examples, on: estimator.prepare(queries, in: session), in: session)
    }
}

/// How far two tensors are apart, as a part of the larger one's greatest element.
func relativeDistance(_ a: Tensor, _ b: Tensor) throws -> Double {
    guard a.shape == b.shape else { return .infinity }
    return try distance(a, b) / max(a.cast(to: .float64).abs().max().item(), b.cast(to: .float64).abs().max().item())
}
