// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import AlphaEdit

/// Rounding of float32 factors of float64 solutions.
private let float32Tolerance = 1e-4

@Suite("The write of AlphaEdit")
struct NullSpaceTests {
    init() throws { try TestHost.install() }

    private let dMLP = 24

    /// A second moment whose eigenvalues are 0.01, 0.02 … in a random basis.
    private func moment() throws -> Tensor {
        let basis = try RandomNumbers(seed: 3).normal([dMLP, dMLP], dtype: .float64).qr().q
        let values = try Tensor((1...dMLP).map { 0.01 * Double($0) })
        return try (basis * values).matmul(basis.transposed())
    }

    private func rows(_ count: Int, _ width: Int, seed: Int) throws -> Tensor {
        try RandomNumbers(seed: seed).normal([count, width], dtype: .float64)
    }

    @Test("Keeps the eigenvalues below the threshold, and projects onto them", arguments: [0.055, 0.125, 0.205])
    func threshold(_ threshold: Double) throws {
        let moment = try moment()
        let space = try NullSpace(of: moment, .below(threshold), name: "x")
        #expect(space.keptCount == Int(threshold / 0.01))
        let projector = try space.project(Tensor.identity(dMLP, dtype: .float64))
        #expect(try distance(projector.matmul(projector), projector) < 1e-10)
        #expect(try distance(projector.transposed(), projector) < 1e-10)
        // What is kept has no energy at or above the threshold.
        let kept = try projector.matmul(moment).matmul(projector).eigh().values
        #expect(try kept.max().item() < threshold)
        #expect(try abs(projector.diagonal().sum().item() - Double(space.keptCount)) < 1e-9)
    }

    @Test("A share of the trace keeps the least directions that hold no more than it")
    func shareOfTrace() throws {
        // 1 + 2 + 3 + 4 of 300 hundredths.
        let space = try NullSpace(of: moment(), .shareOfTrace(10.5 / 300), name: "x")
        #expect(space.keptCount == 4)
    }

    @Test("A threshold under which nothing lies is an error that says what to do")
    func nothingKept() throws {
        #expect {
            try NullSpace(of: Tensor.identity(3, dtype: .float64), .below(0.02), name: "blocks.1.neurons")
        } throws: { error in
            guard let error = error as? SutureError else { return false }
            return error.message == "alphaedit may change nothing at blocks.1.neurons: no eigenvalue of its second "
                + "moment is small enough, the smallest is 1.0"
                && error.hint == "raise nullspace_threshold, or set nullspace_trace_share"
        }
    }

    @Test(
        "Solves the published system (P (K Kᵀ + Kp Kpᵀ) + L2 I) X = P K Rᵀ",
        arguments: [(1, 0), (4, 0), (4, 3), (9, 40), (30, 0)])
    func publishedSystem(facts: Int, earlier: Int) throws {
        let space = try NullSpace(of: moment(), .below(0.155), name: "x")
        let projector = try space.project(Tensor.identity(dMLP, dtype: .float64))
        let keys = try rows(facts, dMLP, seed: 1)
        let residuals = try rows(facts, 10, seed: 2)
        let previous = earlier > 0 ? try rows(earlier, dMLP, seed: 4) : nil
        var energy = try keys.transposed().matmul(keys)
        if let previous { energy = try energy + previous.transposed().matmul(previous) }
        let system = try projector.matmul(energy) + 0.3 * Tensor.identity(dMLP, dtype: .float64)
        let naive = try system.solve(projector.matmul(keys.transposed()).matmul(residuals)).transposed()
        let write = try AlphaEdit.write(keys: keys, previous: previous, residuals: residuals, in: space, ridge: 0.3)
        #expect(try distance(Delta("w", write).dense(shape: [10, dMLP]), naive) < float32Tolerance)
    }

    @Test("Moves no key of the removed directions")
    func preserves() throws {
        let moment = try moment()
        let space = try NullSpace(of: moment, .below(0.155), name: "x")
        let write = try AlphaEdit.write(
            keys: rows(5, dMLP, seed: 1), previous: nil, residuals: rows(5, 10, seed: 2), in: space, ridge: 1)
        let removed = try moment.eigh().vectors.sliced(1, space.keptCount..<dMLP)
        let moved = try Delta("w", write).dense(shape: [10, dMLP]).cast(to: .float64).matmul(removed)
        #expect(try moved.abs().max().item() < float32Tolerance)
    }
}
