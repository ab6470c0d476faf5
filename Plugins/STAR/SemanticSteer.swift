// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension SharedParameter {
    /// `steer`, a ``SemanticSteer``.
    static let steer = SharedParameter(
        "steer", help: "delta: to the wanted token and away from the model's choice; target: to the wanted one alone.")
}

/// The latent image of a wanted change of the prediction.
enum SemanticSteer: String, ParameterChoice {
    /// b_t − b_a: the wanted token up, the model's own down.
    case delta
    /// b_t alone.
    case target

    /// One steer per pair, not scaled. Nothing is to be done where the model's choice is the target: 0.
    ///
    /// - Returns: `[pair][dModel]`.
    func directions(_ pairs: [(target: Int, choice: Int)], _ basis: SemanticBasis) throws -> [[Double]] {
        guard !pairs.isEmpty else { return [] }
        var vectors = try basis.vectors(of: pairs.map(\.target))
        if self == .delta { vectors = try vectors - basis.vectors(of: pairs.map(\.choice)) }
        let width = vectors.shape[1]
        let flat = try vectors.scalars(as: Double.self)
        return pairs.enumerated().map { i, pair in
            pair.target == pair.choice
                ? [Double](repeating: 0, count: width) : Array(flat[i * width..<(i + 1) * width])
        }
    }

    /// A direction over its interquartile range, so that neither the head's scale nor a logit scale matters.
    ///
    /// Where the range vanishes, 1.35 standard deviations replace it, which is what it is for a normal distribution.
    static func scaledByQuartiles(_ direction: [Double]) -> [Double] {
        guard let quartiles = direction.percentiles([25, 75]) else { return direction }
        let range = quartiles[1] - quartiles[0]
        let n = Double(max(direction.count, 1))
        let mean = direction.reduce(0, +) / n
        let deviation = (direction.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
        // The published divisor has 1e-8 added.
        if range > 1e-6 * deviation { return direction.map { $0 / (range + 1e-8) } }
        return deviation > 0 ? direction.map { $0 / (1.35 * deviation) } : direction
    }

    /// A direction over the distance of its extremes.
    static func scaledByExtremes(_ direction: [Double]) -> [Double] {
        guard let low = direction.min(), let high = direction.max(), high > low else { return direction }
        return direction.map { $0 / (high - low) }
    }
}
