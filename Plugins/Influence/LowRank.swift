// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Matrices as the best sum of a few outer products.
enum LowRank {
    /// Up to here a whole decomposition costs next to nothing.
    private static let small = 128
    /// Columns beside the wanted ones, and multiplications by M Mᵀ, after which the wanted ones are found to rounding unless
    /// the singular values hardly fall (Halko, Martinsson, Tropp 2011, §4.4–4.5).
    private static let (extra, rounds) = (8, 2)

    /// The truncated singular value decomposition M ≈ Σ_k left_k right_kᵀ.
    ///
    /// Large matrices are decomposed in the range of M (Mᵀ M)² Ω, with Ω fixed normal numbers, so that each is decomposed in
    /// the same way wherever it comes. Cost: 10 · (rank + 8) · out · in.
    ///
    /// - Parameter matrices: `[query, out, in]`
    /// - Returns: left `[query, rank, out]`, the singular values in it, and right `[query, rank, in]`.
    static func pairs(_ matrices: Tensor, rank: Int) throws(SutureError) -> (left: Tensor, right: Tensor) {
        let (outputs, inputs) = (matrices.shape[1], matrices.shape[2])
        let columns = rank + extra
        guard min(outputs, inputs) > max(small, columns) else {
            let (u, s, v) = try matrices.svd()
            return try cut(u, s, v, rank)
        }
        let start = try RandomNumbers(seed: 0).normal(
            [inputs, columns], dtype: matrices.dtype, device: matrices.device)
        var q = try matrices.matmul(start).qr().q
        for _ in 0..<rounds {
            q = try matrices.matmul(matrices.transposed().matmul(q).qr().q).qr().q
        }
        let (u, s, v) = try q.transposed().matmul(matrices).svd()
        return try cut(q.matmul(u), s, v, rank)
    }

    private static func cut(
        _ u: Tensor, _ s: Tensor, _ v: Tensor, _ rank: Int
    ) throws(SutureError) -> (left: Tensor, right: Tensor) {
        let left = try u.transposed().sliced(1, 0..<rank) * s.sliced(1, 0..<rank).unsqueezed(2)
        return (try left.contiguous(), try v.sliced(1, 0..<rank).contiguous())
    }
}
