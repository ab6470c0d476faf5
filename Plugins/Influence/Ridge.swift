// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Sums over tokens of features φ̃ = [φ; 1] and of gradients s.
struct RidgeSums {
    /// Σ φ̃ φ̃ᵀ `[features + 1, features + 1]`, float64.
    var features: Tensor
    /// Σ s φ̃ᵀ `[out, features + 1]`, float64.
    var cross: Tensor
    /// Σ ‖s‖²
    var energy: Double

    /// The number of tokens.
    var count: Double {
        get throws(SutureError) {
            let last = features.shape[0] - 1
            return try features[last][last].item()
        }
    }

    /// W̃ `[out, features + 1]` of s ≈ W̃ φ̃, the intercept last, by ridge regression (§5.2b):
    ///
    ///     W = C_sφ (C_φφ + diag ρ)⁻¹,  ρ = ridge · (mean variance of the part of φ)
    ///
    /// with covariances C, each of the four parts of φ with its own ρ, because they are of very different size: one ρ for all
    /// would leave nothing of the errors e.
    ///
    /// - Parameter parts: of equal width, into which φ is divided.
    func solution(ridge: Double, parts: Int) throws(SutureError) -> Tensor {
        let width = features.shape[0] - 1
        let count = try max(count, 1)
        let mean = try features.sliced(0, 0..<width).sliced(1, width..<width + 1) / count
        let target = try cross.sliced(1, width..<width + 1) / count
        let own = try features.sliced(0, 0..<width).sliced(1, 0..<width) / count - mean.matmul(mean.transposed())
        let both = try cross.sliced(1, 0..<width) / count - target.matmul(mean.transposed())
        // Each part is brought to variance 1, so that ρ is `ridge` for all. Rounding must not be taken for variance.
        let sizes = try features.diagonal()[0..<width].reshaped(parts, -1).mean(1, keepsDimensions: true) / count
        let variances = try own.diagonal().reshaped(parts, -1).mean(1, keepsDimensions: true).maximum(sizes * 1e-12)
        let ones = try Tensor.ones([parts, width / parts], dtype: .float64)
        let scale = try (variances.greater(0).choose(variances, variances * 0 + 1).rsqrt() * ones).reshaped(1, -1)
        let system = try own * scale * scale.transposed() + Tensor.identity(width, dtype: .float64) * ridge
        let weights = try system.cholesky().choleskySolve((both * scale).transposed()).transposed() * scale
        return try Tensor.concatenated([weights, target - weights.matmul(mean)], 1)
    }

    /// R² of a prediction by W̃ of the gradients of these sums: 1 − ‖s − W̃ φ̃‖² / ‖s − mean‖². NaN without variance.
    func explained(by weights: Tensor) throws(SutureError) -> Double {
        let last = features.shape[0] - 1
        let error = try energy - 2 * (weights * cross).sum().item() + (weights.matmul(features) * weights).sum().item()
        let mean = try cross.select(1, last)
        let count = try max(count, 1)
        let total = try energy - mean.square().sum().item() / count
        return total > 0 ? 1 - error / total : .nan
    }
}
