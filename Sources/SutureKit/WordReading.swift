// SPDX-License-Identifier: Apache-2.0

/// How much a distribution over the vocabulary makes of a word or name, whose tokens are all read from this one distribution.
///
/// It says that a word is about to come, at any place of a pass, and needs no further pass. It is not the probability that
/// the whole word is generated; for that see ``Model/ratings(of:tokenBudget:)``.
///
/// Source: the measure of CREME (Li et al. 2024): the mean over a word's tokens of their probability, and of their rank.
public struct WordReading: Sendable, Hashable {
    /// The mean probability of the word's tokens, 0 to 1.
    public var probability: Double
    /// The mean rank of the word's tokens among the vocabulary; 1 is the most likely.
    public var rank: Double

    /// A reading of these values.
    public init(probability: Double, rank: Double) {
        self.probability = probability
        self.rank = rank
    }
}

extension Tensor {
    /// Reads a word, given by its tokens, from rows of logits `[n, vocabulary]`. One reading for each row. Computed in float32
    /// at least.
    ///
    /// - Parameter word: at least one token.
    /// - Throws: `invalidArgument` for a word without tokens or logits of another shape; `outOfRange` for a token beyond the
    ///   vocabulary.
    public func readings(of word: [Int]) throws(SutureError) -> [WordReading] {
        guard !word.isEmpty, shape.count == 2 else {
            throw SutureError(
                .invalidArgument, "a word of \(word.count) tokens cannot be read from logits of the shape \(shape)",
                hint: "give rows of logits, and a word of at least one token")
        }
        let logits = try cast(to: dtype.widened)
        let probabilities = try logits.softmax().indexSelect(1, word).mean(1).scalars(as: Double.self)
        var ranks = [Double](repeating: 0, count: shape[0])
        for token in word {
            let above = try logits.greater(logits.sliced(1, token..<token + 1)).cast(to: .float64)
            for (row, count) in try above.sum(1).scalars(as: Double.self).enumerated() {
                ranks[row] += (count + 1) / Double(word.count)
            }
        }
        return zip(probabilities, ranks).map { WordReading(probability: $0, rank: $1) }
    }
}
