// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A matrix for each query, M `[out, in]` in one module: its gradient, preconditioned or not. The influence of an example is
/// ⟨M, G⟩ = Σ_t g_tᵀ M a_t (§4).
enum QueryGradients {
    /// M = Σ_k left_k right_kᵀ with `rank` terms for each query: left `[query · rank, out]`, right `[query · rank, in]`.
    case pairs(left: Tensor, right: Tensor, rank: Int)
    /// `[query, out, in]`
    case matrices(Tensor)

    /// Elements of what is made at once.
    private static let roomy = 1 << 24

    /// A matrix may take so many times the memory of the terms of its tokens, because what it meets is computed faster.
    private static let matrixWorth = 4

    /// The gradients of rows as they are: one term for each token where that is much smaller than a matrix.
    static func exact(_ tokens: ModuleTokens) throws(SutureError) -> QueryGradients {
        let (length, inputs, outputs) = (tokens.input.shape[1], tokens.input.shape[2], tokens.gradient.shape[2])
        guard matrixWorth * length * (inputs + outputs) < inputs * outputs else {
            return .matrices(try tokens.rowGradients())
        }
        return .pairs(
            left: try tokens.gradient.reshaped(-1, outputs), right: try tokens.input.reshaped(-1, inputs), rank: length)
    }

    /// Matrices `[query, out, in]`, as the best of a rank; as they are where the rank is none or not smaller.
    static func truncated(_ matrices: Tensor, to rank: Int?) throws(SutureError) -> QueryGradients {
        let (outputs, inputs) = (matrices.shape[1], matrices.shape[2])
        guard let rank, rank < min(outputs, inputs) else { return .matrices(matrices) }
        let (left, right) = try LowRank.pairs(matrices, rank: rank)
        return .pairs(
            left: try left.reshaped(-1, outputs), right: try right.reshaped(-1, inputs), rank: rank)
    }

    /// The number of queries.
    var count: Int {
        switch self {
        case .pairs(let left, _, let rank): left.shape[0] / rank
        case .matrices(let matrices): matrices.shape[0]
        }
    }

    /// Bᵀ M for a matrix B `[out, other]`: what meets c where M meets g = B c.
    func reading(_ b: Tensor) throws(SutureError) -> QueryGradients {
        switch self {
        case .pairs(let left, let right, let rank): .pairs(left: try left.matmul(b), right: right, rank: rank)
        case .matrices(let matrices): .matrices(try b.transposed().matmul(matrices))
        }
    }

    /// ⟨M, G⟩ for each row and query, `[row, query]`.
    ///
    /// Cost: in · out multiplications for a token, and as much for a row and query, with matrices. In low rank,
    /// rank · (in + out) for a token and query, or that with matrices where it is less.
    ///
    /// - Parameters:
    ///   - input: a `[row, position, in]`
    ///   - gradient: g `[row, position, out]`
    func scores(_ input: Tensor, _ gradient: Tensor) throws(SutureError) -> Tensor {
        switch self {
        case .pairs(let left, let right, let rank):
            let (rows, size) = (input.shape[0], left.shape[1] * right.shape[1])
            // Matrices of queries are made once for as many rows as are held at once.
            let group = max(1, min(rows, QueryGradients.roomy / size))
            let byTokens = input.shape[1] * rank * (left.shape[1] + right.shape[1])
            return size + size * rank / group < byTokens
                ? try matrixScores(input, gradient, left, right, rank) : try tokenScores(input, gradient).sum(1)
        case .matrices(let matrices):
            let size = matrices.shape[1] * matrices.shape[2]
            let flat = try matrices.reshaped(-1, size).transposed()
            return try QueryGradients.joined(input.shape[0], each: size, 0) { rows throws(SutureError) in
                try gradient[rows].transposed().matmul(input[rows]).reshaped(rows.count, size).matmul(flat)
            }
        }
    }

    /// ``scores(_:_:)`` in low rank, where rows are so long that their matrices cost less than their tokens.
    private func matrixScores(
        _ input: Tensor, _ gradient: Tensor, _ left: Tensor, _ right: Tensor, _ rank: Int
    ) throws(SutureError) -> Tensor {
        let (outputs, inputs) = (left.shape[1], right.shape[1])
        let size = outputs * inputs
        return try QueryGradients.joined(input.shape[0], each: size, 0) { rows throws(SutureError) in
            let own = try gradient[rows].transposed().matmul(input[rows]).reshaped(rows.count, size)
            return try QueryGradients.joined(count, each: size, 1) { queries throws(SutureError) in
                let terms = queries.lowerBound * rank..<queries.upperBound * rank
                let l = try left[terms].reshaped(queries.count, rank, outputs)
                let r = try right[terms].reshaped(queries.count, rank, inputs)
                return try own.matmul(l.transposed().matmul(r).reshaped(queries.count, size).transposed())
            }
        }
    }

    /// g_tᵀ M a_t for each token and query, `[row, position, query]`.
    func tokenScores(_ input: Tensor, _ gradient: Tensor) throws(SutureError) -> Tensor {
        let (rows, positions) = (input.shape[0], input.shape[1])
        switch self {
        case .pairs(let left, let right, let rank):
            return try QueryGradients.joined(count, each: rows * positions * rank, 2) { queries throws(SutureError) in
                let terms = queries.lowerBound * rank..<queries.upperBound * rank
                let a = try input.matmul(right[terms].transposed())
                let g = try gradient.matmul(left[terms].transposed())
                return try (a * g).reshaped(rows, positions, queries.count, rank).sum(3)
            }
        case .matrices(let matrices):
            return try QueryGradients.joined(count, each: rows * positions * input.shape[2], 2) {
                queries throws(SutureError) in
                // [query, row · position, in]
                let met = try gradient.reshaped(1, rows * positions, -1).matmul(matrices[queries])
                let scores = try (met * input.reshaped(1, rows * positions, -1)).sum(2)
                return try scores.transposed().reshaped(rows, positions, queries.count)
            }
        }
    }

    /// What is made for 0 ..< count in parts that fit, joined along an axis.
    private static func joined(
        _ count: Int, each size: Int, _ axis: Int, _ part: (Range<Int>) throws(SutureError) -> Tensor
    ) throws(SutureError) -> Tensor {
        let step = max(1, roomy / max(size, 1))
        var parts: [Tensor] = []
        for start in stride(from: 0, to: count, by: step) {
            parts.append(try part(start..<min(start + step, count)))
        }
        return parts.count == 1 ? parts[0] : try Tensor.concatenated(parts, axis)
    }
}
