// SPDX-License-Identifier: Apache-2.0

/// The linear datamodelling score (Park et al. 2023, section 2, definition 2.4): how well sums of influence over random subsets of
/// the training examples rank what models that are trained on these subsets say of a query. 1 is perfect, 0 is chance.
package struct DatamodelScore: Sendable, Codable, Hashable {
    /// The mean over the queries; nil where no query has a coefficient.
    package var mean: Double?
    /// The standard error of this mean, over the queries; nil for fewer than two.
    package var error: Double?
    /// Spearman's coefficient of each query; nil where all predictions or all outcomes are equal.
    package var queries: [Double?]

    /// - Parameters:
    ///   - predicted: sums of influence, `[query][subset]`.
    ///   - outcomes: log p of the query under the model of each subset, `[query][subset]`.
    init(predicted: [[Double]], outcomes: [[Double]]) {
        queries = zip(predicted, outcomes).map(Self.spearman)
        let known = queries.compactMap { $0 }
        let count = Double(known.count)
        let mean = known.reduce(0, +) / max(count, 1)
        let squares = known.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        self.mean = known.isEmpty ? nil : mean
        error = known.count > 1 ? (squares / (count - 1) / count).squareRoot() : nil
    }

    /// Pearson's coefficient of the ranks, where equal values share the mean of theirs; nil where one side has only one value.
    static func spearman(_ a: [Double], _ b: [Double]) -> Double? {
        let (a, b) = (ranks(a), ranks(b))
        let middle = Double(a.count + 1) / 2
        var (product, left, right) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            product += (x - middle) * (y - middle)
            left += (x - middle) * (x - middle)
            right += (y - middle) * (y - middle)
        }
        return left > 0 && right > 0 ? product / (left * right).squareRoot() : nil
    }

    /// From 1.
    static func ranks(_ values: [Double]) -> [Double] {
        let order = values.indices.sorted { values[$0] < values[$1] }
        var ranks = [Double](repeating: 0, count: values.count)
        var start = 0
        while start < order.count {
            var end = start
            while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
            for place in start...end { ranks[order[place]] = Double(start + end) / 2 + 1 }
            start = end + 1
        }
        return ranks
    }
}
