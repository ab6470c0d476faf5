// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Influence

/// §5.3 on matrices small enough to be written out.
@Suite("Curvature on small matrices")
struct CurvatureTests {
    private static let (inputs, outputs, rows, positions) = (7, 5, 9, 4)

    private let a: Tensor
    private let g: Tensor

    init() throws {
        _ = try TinyModel.load()
        let random = try RandomNumbers(seed: 3)
        a = try random.normal([Self.rows, Self.positions, Self.inputs], dtype: .float64)
        g = try random.normal([Self.rows, Self.positions, Self.outputs], dtype: .float64)
    }

    private var gradients: Tensor { get throws { try g.transposed().matmul(a) } }

    private func flat(_ x: Tensor) throws -> Tensor { try x.reshaped(-1, x.shape[2]) }

    /// The eigenbases of tokens or of sequences.
    private func bases(_ curvature: Curvature) throws -> (Eigenbasis, Eigenbasis) {
        guard curvature.isOfTokens else {
            let (input, output) = try Moments.ofSequences(a, g)
            return (try Eigenbasis(of: input), try Eigenbasis(of: output))
        }
        return (try Eigenbasis(of: Moments.ofTokens(flat(a))), try Eigenbasis(of: Moments.ofTokens(flat(g))))
    }

    private func moments(_ input: Eigenbasis, _ output: Eigenbasis) throws -> Tensor {
        try Moments.squares(a.matmul(input.vectors), g.matmul(output.vectors)) / Double(Self.rows)
    }

    @Test("Moments of sequences by token-times-token matrices are those of the written-out gradients")
    func sequenceMoments() throws {
        let (input, output) = try Moments.ofSequences(a, g)
        let matrices = try gradients
        #expect(try relativeDistance(input, matrices.transposed().matmul(matrices).sum(0)) < 1e-12)
        #expect(try relativeDistance(output, matrices.matmul(matrices.transposed()).sum(0)) < 1e-12)
        let energy = try matrices.square().sum().item()
        #expect(try abs(input.diagonal().sum().item() - energy) < 1e-9 * energy)
        #expect(try abs(output.diagonal().sum().item() - energy) < 1e-9 * energy)
    }

    @Test("Λ sums to the mean squared norm of the gradients in every eigenbasis", arguments: Curvature.allCases)
    func trace(curvature: Curvature) throws {
        let (input, output) = try bases(curvature)
        let energy = try gradients.square().sum().item() / Double(Self.rows)
        #expect(try abs(moments(input, output).sum().item() - energy) < 1e-9 * energy)
    }

    @Test("P(V) is the solve with the dense damped block", arguments: Curvature.allCases)
    func denseOracle(curvature: Curvature) throws {
        let (input, output) = try bases(curvature)
        let lambda = try moments(input, output)
        let preconditioner = try Preconditioner(
            inputBasis: input.vectors, outputBasis: output.vectors, moments: lambda, damping: 0.1)
        // vec by rows: (Q_S ⊗ Q_A) diag(Λ) (Q_S ⊗ Q_A)ᵀ + λ.
        let size = Self.inputs * Self.outputs
        let both = try
            (output.vectors.reshaped(Self.outputs, 1, Self.outputs, 1)
            * input.vectors.reshaped(1, Self.inputs, 1, Self.inputs)).reshaped(size, size)
        let damping = try lambda.mean().item() * 0.1
        let block =
            try (both * lambda.reshaped(1, size)).matmul(both.transposed())
            + Tensor.identity(size, dtype: .float64) * damping
        let solved = try block.solve(gradients.reshaped(-1, size).transposed()).transposed()
            .reshaped(-1, Self.outputs, Self.inputs)
        #expect(try relativeDistance(preconditioner.applied(to: gradients), solved) < 1e-8)
        guard case .matrices(let direct) = try preconditioner.gradients(a, g, rank: nil) else {
            Issue.record("no matrices")
            return
        }
        #expect(try relativeDistance(direct, solved) < 1e-8)
    }

    @Test("With one token a sequence and inputs apart from gradients, sequences have the eigenvectors of tokens")
    func oneToken() throws {
        // Every input meets every gradient, so that both are independent.
        let x = try a.reshaped(-1, Self.inputs)[0..<6]
        let s = try g.reshaped(-1, Self.outputs)[0..<6]
        let inputs = try x.unsqueezed(1).expanded(6, 6, Self.inputs).reshaped(36, 1, Self.inputs)
        let gradients = try s.unsqueezed(0).expanded(6, 6, Self.outputs).reshaped(36, 1, Self.outputs)
        let (input, output) = try Moments.ofSequences(inputs, gradients)
        let (a, b) = try (Moments.ofTokens(x), Moments.ofTokens(s))
        #expect(try relativeDistance(input, a * b.diagonal().sum().item()) < 1e-12)
        #expect(try relativeDistance(output, b * a.diagonal().sum().item()) < 1e-12)
    }

    @Test("In full rank a preconditioned gradient is the exact one, and scores agree in every form")
    func fullRank() throws {
        let (input, output) = try bases(.ekfac)
        let preconditioner = try Preconditioner(
            inputBasis: input.vectors, outputBasis: output.vectors, moments: moments(input, output), damping: 0.1)
        let exact = try preconditioner.gradients(a, g, rank: nil)
        let expected = try preconditioner.applied(to: gradients)
        let scores = try exact.scores(a, g)
        let plain = try gradients.reshaped(Self.rows, -1).matmul(expected.reshaped(Self.rows, -1).transposed())
        #expect(try relativeDistance(scores, plain) < 1e-12)
        #expect(try relativeDistance(exact.tokenScores(a, g).sum(1), plain) < 1e-12)
        let (left, right) = try LowRank.pairs(expected, rank: Self.outputs)
        let pairs = QueryGradients.pairs(
            left: try left.reshaped(-1, Self.outputs), right: try right.reshaped(-1, Self.inputs), rank: Self.outputs)
        #expect(pairs.count == Self.rows)
        #expect(try relativeDistance(pairs.scores(a, g), plain) < 1e-12)
        // Rows of many tokens are scored by their matrices.
        let (longInput, longGradient) = try (
            Tensor.concatenated(Array(repeating: a, count: 20), 1),
            Tensor.concatenated(Array(repeating: g, count: 20), 1)
        )
        let byTokens = try pairs.tokenScores(longInput, longGradient).sum(1)
        #expect(try relativeDistance(pairs.scores(longInput, longGradient), byTokens) < 1e-12)
        // In rank 2, cut in the eigenbasis or not, it is the same matrix.
        guard case .pairs(let l, let r, 2) = try preconditioner.gradients(a, g, rank: 2) else {
            Issue.record("no pairs")
            return
        }
        let cut = try l.reshaped(Self.rows, 2, -1).transposed().matmul(r.reshaped(Self.rows, 2, -1))
        let (u, s, v) = try expected.svd()
        let best = try (u.sliced(2, 0..<2) * s.sliced(1, 0..<2).unsqueezed(1)).matmul(v.sliced(1, 0..<2))
        #expect(try relativeDistance(cut, best) < 1e-10)
    }

    @Test("A large matrix is cut as by a whole decomposition")
    func largeLowRank() throws {
        let random = try RandomNumbers(seed: 5)
        let values: [Double] = (0..<150).map { 1 / (1 + Double($0)) }
        let decay = try Tensor(values)
        let q = try random.normal([180, 150], dtype: .float64).qr().q
        let p = try random.normal([160, 150], dtype: .float64).qr().q
        let matrix = try (q * decay).matmul(p.transposed()).unsqueezed(0)
        let (left, right) = try LowRank.pairs(matrix, rank: 10)
        let missing = try (left.transposed().matmul(right) - matrix).norm().item()
        let least = values.dropFirst(10).reduce(0.0) { $0 + $1 * $1 }.squareRoot()
        #expect(missing < least * 1.001)
    }

    @Test("Ridge regression finds what is linear, tells what is not, and keeps parts of different size apart")
    func ridge() throws {
        let random = try RandomNumbers(seed: 11)
        let scale = try Tensor([100.0, 100, 1, 1, 1e-3, 1e-3, 1, 1])
        let phi = try random.normal([400, 8], dtype: .float64) * scale + 0.5
        let weights = try random.normal([3, 8], dtype: .float64) / scale
        let s = try phi.matmul(weights.transposed()) + 2
        let whole = try Tensor.concatenated([phi, Tensor.ones([400, 1], dtype: .float64)], 1)
        func sums(_ s: Tensor) throws -> RidgeSums {
            RidgeSums(
                features: try Moments.ofTokens(whole), cross: try s.transposed().matmul(whole),
                energy: try s.square().sum().item())
        }
        let found = try sums(s).solution(ridge: 1e-9, parts: 4)
        #expect(try distance(found.matmul(whole.transposed()).transposed(), s) < 1e-5)
        #expect(try sums(s).explained(by: found) > 1 - 1e-9)
        #expect(try sums(s).explained(by: sums(s).solution(ridge: 1e-3, parts: 4)) > 0.999)
        let noise = try random.normal([400, 3], dtype: .float64)
        #expect(try sums(noise).explained(by: found) < 0)
        #expect(try sums(noise * 0).explained(by: found).isNaN)
    }
}
