// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The potential of a Bregman divergence.
enum Potential: String, ParameterChoice {
    /// Of the negative entropy of two outcomes: the divergence between σ(wanted) and σ(margin).
    case logistic
    /// u²/2: half the square of the difference.
    case squared

    /// The divergence of margins from those that are wanted, of each; 0 where both agree.
    func divergence(wanted: [Double], margins: Tensor) throws -> Tensor {
        let device = margins.device
        switch self {
        case .squared:
            let target = try Tensor(wanted, shape: [wanted.count]).cast(to: .float32, device: device)
            return try (target - margins).square() * 0.5
        case .logistic:
            let shares = wanted.map { 1 / (1 + exponential(-$0)) }
            // p log p + (1 − p) log(1 − p), where log p = −softplus(−u).
            let entropies = zip(wanted, shares).map { u, p in -p * softplus(-u) - (1 - p) * softplus(u) }
            let p = try Tensor(shares, shape: [shares.count]).cast(to: .float32, device: device)
            let constant = try Tensor(entropies, shape: [shares.count]).cast(to: .float32, device: device)
            return try margins.softplus() - p * margins + constant
        }
    }
}

/// log(1 + eˣ).
private func softplus(_ x: Double) -> Double { max(x, 0) + logarithm(1 + exponential(-abs(x))) }

/// What rows of tokens come to under the model that is trained, and under the one that training began with.
struct RowValues {
    /// The mean of log p over a row's tokens, or of what an objective makes of it: `[rows]`.
    var now: Tensor
    /// The same at the start.
    var start: Tensor
    /// Tokens of each row.
    var counts: [Int]

    /// log p of the whole row over what it was.
    var logRatios: Tensor {
        get throws {
            let counts = try Tensor(counts.map(Double.init), shape: [counts.count])
            return try (now - start) * counts.cast(to: .float32, device: now.device)
        }
    }
}

/// The losses over rows of which the patchers differ.
enum Losses {
    /// The mean over pairs of B_U(κ Δ, β (r_harmless − r_harmful)), where r is the change of a row's mean log p.
    static func pairs(
        _ pairs: [Pair], _ values: RowValues, beta: Double, kappa: Double, potential: Potential
    ) throws -> Tensor {
        let change = try values.now - values.start
        let harmless = try change.indexSelect(0, pairs.map(\.harmless))
        let margins = try (harmless - change.indexSelect(0, pairs.map(\.harmful))) * beta
        return try potential.divergence(wanted: pairs.map { kappa * $0.gap }, margins: margins).mean()
    }

    /// The mean of w · NLL, w = −strength: descent on counteracting rows, ascent on promoting ones.
    static func weighted(strengths: [Double], _ values: RowValues) throws -> Tensor {
        let strengths = try Tensor(strengths, shape: [strengths.count]).cast(to: .float32, device: values.now.device)
        return try (strengths * values.now).mean()
    }

    /// (2/β) E log(1 + (π/π₀)^β) = −(2/β) E log σ(−β log(π/π₀)) (Zhang et al. 2024).
    static func negativePreference(_ values: RowValues, beta: Double) throws -> Tensor {
        try (values.logRatios * beta).softplus().mean() * (2 / beta)
    }
}
