// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The write of MEMIT and PMET: the smallest change, measured by the second moment, that maps keys to residuals.
package enum LeastSquares {
    /// Δ = R Kᵀ (λ C + K Kᵀ)⁻¹ as its factors R and (λ C + K Kᵀ)⁻¹ K, or as their product where that is smaller.
    ///
    /// - Parameter keys: Kᵀ `[fact, dMLP]`, float64.
    /// - Parameter residuals: Rᵀ `[fact, dModel]`, float64.
    /// - Parameter moment: λ C `[dMLP, dMLP]`, float64.
    /// - Returns: float32, of a weight `[dModel, dMLP]`.
    package static func write(keys: Tensor, residuals: Tensor, moment: Tensor) throws -> Delta.Form {
        let system = try moment + keys.transposed().matmul(keys)
        let factor: Tensor
        do {
            factor = try system.cholesky()
        } catch {
            throw SutureError(
                .failedPrecondition,
                "lambda C + K Kᵀ is not positive definite (\(system.shape[0]) neurons, \(keys.shape[0]) facts)",
                hint: "take statistics over more text, several times as many tokens as neurons")
        }
        return try compact(residuals.transposed(), factor.choleskySolve(keys.transposed()).transposed())
    }

    /// left `[dModel, rank]` · right `[rank, dMLP]` as factors, or as their product where that is smaller; float32.
    package static func compact(_ left: Tensor, _ right: Tensor) throws -> Delta.Form {
        let (dModel, rank, dMLP) = (left.shape[0], left.shape[1], right.shape[1])
        guard rank * (dMLP + dModel) < dMLP * dModel else {
            return .dense(try left.matmul(right).cast(to: .float32))
        }
        return .lowRank(left: try left.cast(to: .float32), right: try right.cast(to: .float32))
    }
}
