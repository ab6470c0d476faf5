// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What negative training minimises, a pure function of logits, tokens and weights: the sum over positions of
///
///     α · D(marked)     where the weight is −1
///     D(rest)           where it is +1
///     0                 where it is 0
///
/// Zhang, Ranganath, Tafvizi 2024, Eq. 4, and the baselines of the same paper. A plain sum, in natural logarithm.
/// Forward divergences leave out the target's entropy, which is constant: gradients are those of KL, values are
/// cross-entropies.
struct NegativeLoss: Sendable {
    /// What one position contributes. q is the original's prediction without the marked token; "smoothed" has epsilon
    /// added to every entry.
    enum Term: Sendable {
        /// KL(q ‖ model), as a cross-entropy.
        case forward
        /// KL(smoothed q ‖ model), as a cross-entropy.
        case smoothedForward
        /// KL(model ‖ smoothed q), in full.
        case reverse
        /// −log p of the token.
        case likelihood
        /// −Σ t log p, with t the smoothed one-hot of the token.
        case smoothedLikelihood
        /// −log(1 − p) of the token.
        case unlikelihood
        /// log p of the token, not below the floor.
        case negativeLikelihood

        fileprivate var target: Target? {
            switch self {
            case .forward: .exact
            case .smoothedForward, .reverse: .smoothed
            default: nil
            }
        }
    }

    /// What is kept of the original model's prediction.
    fileprivate enum Target { case exact, smoothed }

    /// Targets for some positions of some batch.
    struct Targets: Sendable {
        /// `[position, vocabulary]`, float32: probabilities where exact, log-probabilities where smoothed.
        var values: Tensor
        /// Positions at which the original is so sure of the marked token that the rest could not be renormalised.
        var clampedCount: Int
    }

    /// The least mass of the other tokens that is renormalised.
    private static let smallestRest = 1e-6
    /// The most that the unlikelihood takes p to be. From the published code.
    private static let largestProbability = 1 - 1e-7
    /// Takes a logit out of a softmax. From the published code.
    private static let excluded = -1e9

    /// At marked positions.
    var marked: Term
    /// At the others; nil: nothing.
    var rest: Term?
    var alpha: Double
    /// Smoothing of targets that must not be zero. 1e-6 in the published code; 0.03 / vocabulary keeps the added mass
    /// at 3 % where the vocabulary is large.
    var epsilon = 1e-6
    /// Below this log-probability negative likelihood stops: about log(1/32,000).
    var floor = -10.3

    /// The positions, of those with these weights, whose target is needed.
    func targetPositions(_ weights: [Int]) -> [Int] {
        weights.indices.filter { i in
            weights[i] < 0 ? marked.target != nil : weights[i] > 0 && rest?.target != nil
        }
    }

    /// The targets for positions that need one.
    ///
    /// - Parameters:
    ///   - logits: the original's, `[position, vocabulary]`; log-probabilities do as well.
    ///   - tokens: what was generated there; several where several tokens are unwanted in one place.
    ///   - weights: -1 or +1.
    func targets(_ logits: Tensor, tokens: [[Int]], weights: [Int]) throws -> Targets {
        let logits = try logits.detached().cast(to: .float32)
        let width = tokens.map(\.count).max() ?? 1
        // The first token again where a place has fewer: taken out twice is taken out once.
        let padded = tokens.flatMap { $0 + [Int](repeating: $0[0], count: width - $0.count) }
        let index = try Tensor(padded, shape: [tokens.count, width], device: logits.device)
        let isMarked = try Tensor(weights.map { $0 < 0 }, device: logits.device).unsqueezed(1)
        switch marked.target ?? rest?.target {
        case .smoothed:
            let kept = try logits.gather(-1, index)
            let open = try logits.scattered(-1, index, isMarked.choose(kept * 0 + NegativeLoss.excluded, kept))
            let smoothed = try open.softmax() + epsilon
            return Targets(values: try (smoothed / smoothed.sum(-1, keepsDimensions: true)).log(), clampedCount: 0)
        case .exact, nil:
            let probabilities = try logits.softmax()
            let kept = try probabilities.gather(-1, index)
            let others = try probabilities.scattered(-1, index, isMarked.choose(kept * 0, kept))
            let mass = try others.sum(-1, keepsDimensions: true)
            let clamped = try mass.less(NegativeLoss.smallestRest).cast(to: .int64).sum().item()
            // Where nothing is marked the prediction stays as it is.
            let divisor = try isMarked.choose(mass.clamped(NegativeLoss.smallestRest, 1), mass * 0 + 1)
            return Targets(values: try others / divisor, clampedCount: Int(clamped))
        }
    }

    /// The loss, a scalar.
    ///
    /// - Parameters:
    ///   - logits: the trained model's, `[position, vocabulary]`. Gradients flow into them.
    ///   - targets: one row for each of ``targetPositions(_:)``; nil where there is none.
    func callAsFunction(_ logits: Tensor, targets: Tensor?, tokens: [Int], weights: [Int]) throws -> Tensor {
        let logProbabilities = try logits.cast(to: .float32).logSoftmax()
        let targetRow = Dictionary(uniqueKeysWithValues: targetPositions(weights).enumerated().map { ($1, $0) })
        var loss = try Tensor(0, device: logits.device)
        func add(_ term: Term?, times factor: Double, where isWanted: (Int) -> Bool) throws {
            let positions = weights.indices.filter { isWanted(weights[$0]) }
            guard let term, !positions.isEmpty else { return }
            let isAll = positions.count == weights.count
            let rows = isAll ? logProbabilities : try logProbabilities.indexSelect(0, positions)
            let wanted = positions.compactMap { targetRow[$0] }
            let isShared = term.target != nil && wanted.count < targetRow.count
            let own = isShared ? try targets?.indexSelect(0, wanted) : targets
            let tokens = try Tensor(positions.map { tokens[$0] }, device: rows.device)
            loss = try loss + value(of: term, rows, targets: own, tokens: tokens) * factor
        }
        try add(marked, times: alpha) { $0 < 0 }
        try add(rest, times: 1) { $0 > 0 }
        return loss
    }

    /// The loss from the logits of both models.
    ///
    /// - Parameters:
    ///   - original: `[.., vocabulary]`.
    ///   - current: `[.., vocabulary]`. Gradients flow into them.
    ///   - tokens: `[..]`, int64.
    ///   - weights: `[..]`: -1 marked, +1 kept, 0 ignored.
    func callAsFunction(original: Tensor, current: Tensor, tokens: Tensor, weights: Tensor) throws -> Tensor {
        let vocabulary = current.shape.last ?? 0
        let tokens = try tokens.scalars(as: Int.self)
        let weights = try weights.scalars(as: Int.self)
        let positions = targetPositions(weights)
        let targets =
            try positions.isEmpty
            ? nil
            : self.targets(
                original.reshaped(-1, vocabulary).indexSelect(0, positions), tokens: positions.map { [tokens[$0]] },
                weights: positions.map { weights[$0] })
        return try self(current.reshaped(-1, vocabulary), targets: targets?.values, tokens: tokens, weights: weights)
    }

    /// The sum of a term over positions with these log-probabilities.
    private func value(of term: Term, _ logP: Tensor, targets: Tensor?, tokens: Tensor) throws -> Tensor {
        func ofTokens() throws -> Tensor { try logP.gather(-1, tokens.unsqueezed(1)) }
        func target() throws -> Tensor {
            guard let targets else { throw SutureError(.internal, "a divergence came without its targets") }
            return targets
        }
        switch term {
        case .forward: return try -(target() * logP).sum()
        case .smoothedForward: return try -(target().exp() * logP).sum()
        case .reverse: return try (logP.exp() * (logP - target())).sum()
        case .likelihood: return try -ofTokens().sum()
        case .smoothedLikelihood:
            // The one-hot plus epsilon everywhere, renormalised.
            let mass = 1 + Double(logP.shape[1]) * epsilon
            return try -(ofTokens().sum() + logP.sum() * epsilon) / mass
        case .unlikelihood: return try -(1 - ofTokens().exp().minimum(NegativeLoss.largestProbability)).log().sum()
        case .negativeLikelihood: return try ofTokens().clamped(floor, 0).sum()
        }
    }
}
