// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import MEMIT
@testable import ValueEditing

/// Rounding of float32 factors of float64 solutions.
private let float32Tolerance = 1e-4

@Suite("The writes of MEMIT and ROME")
struct WriteTests {
    init() throws { try TestHost.install() }

    private struct Problem {
        var keys: Tensor
        var residuals: Tensor
        var moment: Tensor
    }

    /// Random keys, residuals and a well-conditioned second moment.
    private func problem(facts: Int, dMLP: Int = 24, dModel: Int = 10, seed: Int) throws -> Problem {
        let random = try RandomNumbers(seed: seed)
        let samples = try random.normal([5 * dMLP, dMLP], dtype: .float64)
        return Problem(
            keys: try random.normal([facts, dMLP], dtype: .float64),
            residuals: try random.normal([facts, dModel], dtype: .float64),
            moment: try samples.transposed().matmul(samples) / Double(5 * dMLP))
    }

    private func moment(_ matrix: Tensor, tokenCount: Int = 120) -> SecondMoment {
        SecondMoment(matrix: matrix, tokenCount: tokenCount)
    }

    private func distance(_ a: Tensor, _ b: Tensor) throws -> Double {
        try (a.cast(to: .float64) - b.cast(to: .float64)).abs().max().item()
    }

    @Test("MEMIT's write solves the normal equations R Kᵀ (λC + KKᵀ)⁻¹", arguments: [1, 3, 7, 40])
    func normalEquations(facts: Int) throws {
        let p = try problem(facts: facts, seed: facts)
        let lambda = 3.0
        let k = try p.keys.transposed()
        let naive = try p.residuals.transposed().matmul(p.keys)
            .matmul((lambda * p.moment + k.matmul(p.keys)).inverse())
        let write = try LeastSquares.write(
            keys: p.keys, residuals: p.residuals, moment: moment(p.moment * lambda), layer: 5)
        #expect(try distance(Delta("w", write).dense(shape: [10, 24]), naive) < float32Tolerance)
    }

    @Test("Few facts stay factors, many become a matrix")
    func forms() throws {
        let few = try problem(facts: 2, seed: 1)
        let many = try problem(facts: 20, seed: 1)
        guard
            case .lowRank = try LeastSquares.write(
                keys: few.keys, residuals: few.residuals, moment: moment(few.moment), layer: 5)
        else { return #expect(Bool(false), "two facts gave no factors") }
        guard
            case .dense = try LeastSquares.write(
                keys: many.keys, residuals: many.residuals, moment: moment(many.moment), layer: 5)
        else { return #expect(Bool(false), "twenty facts gave factors larger than the matrix") }
    }

    @Test("A singular second moment with lambda 0 is an error that says what to do")
    func singular() throws {
        let p = try problem(facts: 2, seed: 3)
        #expect {
            try LeastSquares.write(
                keys: p.keys, residuals: p.residuals, moment: moment(p.moment * 0, tokenCount: 20), layer: 5)
        } throws: { error in
            guard let error = error as? SutureError else { return false }
            return error.message
                == "the second moment of blocks.5.neurons with the keys of 2 facts, over 20 tokens, is not positive definite: 20 "
                + "vectors cannot span 24 values"
                && error.hint == "take statistics over more text, several times as many tokens as the 24 values"
        }
    }

    @Test("ROME makes the edited weight map the key to the wanted value: Ŵ k = v*", arguments: [true, false])
    func romeHitsItsTarget(usesSecondMoment: Bool) throws {
        let p = try problem(facts: 2, seed: 5)
        let weight = try RandomNumbers(seed: 9).normal([10, 24], dtype: .float64)
        let key = try p.keys[0]
        let value = try p.residuals[0]
        let write = try ROME.rankOne(
            meanKey: p.keys[1] * 0.3 + key, key: key, value: value,
            output: weight.matmul(key.unsqueezed(1)).squeezed(1),
            factor: usesSecondMoment ? try p.moment.cholesky() : nil)
        let edited = try weight + write.left.matmul(write.right).cast(to: .float64)
        #expect(try distance(edited.matmul(key.unsqueezed(1)).squeezed(1), value) < float32Tolerance)
    }

    @Test("With one fact MEMIT becomes ROME as lambda goes to 0")
    func limit() throws {
        let p = try problem(facts: 1, seed: 11)
        let zero = try Tensor.zeros([10], dtype: .float64)
        let rome = try ROME.rankOne(
            meanKey: p.keys[0], key: p.keys[0], value: p.residuals[0], output: zero, factor: p.moment.cholesky())
        let memit = try LeastSquares.write(
            keys: p.keys, residuals: p.residuals, moment: moment(p.moment * 1e-7), layer: 5)
        let difference = try distance(
            rome.left.matmul(rome.right), Delta("w", memit).dense(shape: [10, 24]))
        #expect(difference < float32Tolerance)
    }
}
