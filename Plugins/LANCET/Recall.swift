// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The training examples that made a model say something, and those that worked against it.
struct Recall: Sendable, Hashable {
    /// P+, the most promoting first.
    var promoting: [Int]
    /// P-, the most counteracting first.
    var counteracting: [Int]
    /// Every other example.
    var anchors: [Int]
    /// For each of the training examples, its influence on the queries.
    var influence: [Double]
    /// What the size of an influence has to exceed.
    var threshold: Double

    /// All that were recalled, the most counteracting first.
    var recalled: [Int] { counteracting + promoting.reversed() }

    /// Ranks of ``recalled``, in its order: from -1, the most counteracting, to 1, the most promoting. A single one: its sign.
    var ranks: [Double] {
        let count = recalled.count
        guard count > 1 else { return recalled.map { influence[$0] < 0 ? -1 : 1 } }
        return (0..<count).map { 2 * Double($0) / Double(count - 1) - 1 }
    }

    /// The influence of ``recalled``, in its order, over its root mean square: 0 stays between the two sides.
    var standardized: [Double] {
        let values = recalled.map { influence[$0] }
        let size = (values.reduce(0) { $0 + $1 * $1 } / Double(max(values.count, 1))).squareRoot()
        return size > 0 ? values.map { $0 / size } : values
    }

    /// - Parameters:
    ///   - influence: for each example; equal ones are taken in the order of their indices.
    ///   - share: the largest share of all examples on either side.
    ///   - threshold: what the size of an influence has to exceed.
    init(_ influence: [Double], share: Double, threshold: Double) {
        let limit = max(1, Int((share * Double(influence.count)).rounded()))
        let order = influence.indices.sorted { (influence[$0], $0) < (influence[$1], $1) }
        counteracting = Array(order.prefix { influence[$0] < 0 && -influence[$0] > threshold }.prefix(limit))
        promoting = Array(order.reversed().prefix { influence[$0] > 0 && influence[$0] > threshold }.prefix(limit))
        let taken = Set(counteracting + promoting)
        anchors = influence.indices.filter { !taken.contains($0) }
        self.influence = influence
        self.threshold = threshold
    }
}

/// The influence of examples on several queries, made one number for each example.
enum Aggregate {
    /// Each query's row over its root mean square, so that queries weigh the same. A row of zeros stays.
    static func normalized(_ rows: [[Double]]) -> [[Double]] {
        rows.map { row in
            let size = (row.reduce(0) { $0 + $1 * $1 } / Double(max(row.count, 1))).squareRoot()
            return size > 0 ? row.map { $0 / size } : row
        }
    }

    /// The mean over the queries.
    static func mean(_ rows: [[Double]]) -> [Double] {
        guard let first = rows.first else { return [] }
        return first.indices.map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
    }

    /// Between the two nearest values in proportion.
    static func percentile(_ values: [Double], _ percentile: Double) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.last else { return 0 }
        let place = percentile / 100 * Double(sorted.count - 1)
        let lower = Int(place)
        guard lower + 1 < sorted.count else { return last }
        return sorted[lower] + (place - Double(lower)) * (sorted[lower + 1] - sorted[lower])
    }
}

/// The influence of examples on unwanted texts and on the wanted ones against them, a row for each text.
struct InfluenceSides {
    var unwanted: [[Double]]
    /// Empty without a contrast.
    var wanted: [[Double]]

    /// - Parameters:
    ///   - rows: those of the unwanted texts first.
    ///   - unwanted: how many these are.
    init(_ rows: [[Double]], unwanted count: Int) {
        (unwanted, wanted) = (Array(rows.prefix(count)), Array(rows.dropFirst(count)))
    }

    /// For each example: the mean over the unwanted texts, less that over the wanted ones.
    var influence: [Double] {
        guard !wanted.isEmpty else { return Aggregate.mean(unwanted) }
        return zip(Aggregate.mean(unwanted), Aggregate.mean(wanted)).map { $0 - $1 }
    }

    /// The percentile of the size that the influence has where each text's row is shuffled by itself: what is left of an
    /// influence that the texts do not agree on. With one text this is the percentile of its own row.
    func shuffledPercentile(_ percentile: Double, random: RandomNumbers) throws -> Double {
        let shuffled = try (unwanted + wanted).map { row in
            try random.permutation(row.count).scalars(as: Int.self).map { row[$0] }
        }
        return Aggregate.percentile(
            InfluenceSides(shuffled, unwanted: unwanted.count).influence.map(abs), percentile)
    }
}
