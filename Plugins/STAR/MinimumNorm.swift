// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The smallest change of a projection that gives wanted changes of its output.
enum MinimumNorm {
    /// Eigenvalues of Z Zᵀ below this share of the largest count as 0: failures in one context are dependent.
    private static let cutoff = 1e-6

    /// (Z Zᵀ)⁺ Z, `[n, unit]` float32, so that Dᵀ = Sᵀ (Z Zᵀ)⁺ Z solves Z D = S with the least norm.
    ///
    /// Where there are more rows than units the fit is one of least squares. Cost: one system `[n, n]` in float64.
    ///
    /// - Parameter neurons: Z, `[n, unit]`.
    static func factor(_ neurons: Tensor) throws -> Tensor {
        let z = try neurons.cast(to: .float64)
        if z.shape[0] == 1 {
            let square = try z.square().sum()
            return try (square.item() > 0 ? z / square : z).cast(to: .float32)
        }
        let (values, vectors) = try z.matmul(z.transposed()).eigh()
        let none = try Tensor.zeros(values.shape, dtype: .float64, device: z.device)
        let inverse = try values.greater(cutoff * values.max()).choose(1 / values, none)
        return try (vectors * inverse).matmul(vectors.transposed().matmul(z)).cast(to: .float32)
    }
}
