// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension SharedParameter {
    /// `mom2_update_weight`: λ of ``LeastSquares``.
    package static let updateWeight = SharedParameter(
        "mom2_update_weight", in: .positive,
        help:
            "lambda: how much old associations count against new ones. The MLP's width, its natural scale, if not given."
    )
}

/// The write of MEMIT and PMET: the smallest change, measured by the second moment, that maps keys to residuals.
package enum LeastSquares {
    /// Δ = R Kᵀ (λ C + K Kᵀ)⁻¹ as its factors R and (λ C + K Kᵀ)⁻¹ K, or as their product where that is smaller.
    ///
    /// - Parameter keys: Kᵀ `[fact, dMLP]`, float64.
    /// - Parameter residuals: Rᵀ `[fact, dModel]`, float64.
    /// - Parameter moment: λ C `[dMLP, dMLP]`, float64, of the neurons of `layer`.
    /// - Returns: float32, of a weight `[dModel, dMLP]`.
    package static func write(
        keys: Tensor, residuals: Tensor, moment: SecondMoment, layer: Int
    ) throws -> Delta.Form {
        var system = moment
        system.matrix = try system.matrix + keys.transposed().matmul(keys)
        let factor = try system.cholesky(of: "\(Site.neurons(layer)) with the keys of \(keys.shape[0]) facts")
        return try compact(residuals.transposed(), factor.choleskySolve(keys.transposed()).transposed())
    }

    /// left `[dModel, rank]` · right `[rank, dMLP]` as factors, or as their product where that is smaller; float32.
    package static func compact(_ left: Tensor, _ right: Tensor) throws -> Delta.Form {
        guard Delta.areFactorsSmaller(rank: left.shape[1], than: [left.shape[0], right.shape[1]]) else {
            return .dense(try left.matmul(right).cast(to: .float32))
        }
        return .lowRank(left: try left.cast(to: .float32), right: try right.cast(to: .float32))
    }
}
