// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The ends of the rankings in a file of scores, read twice from the front: for the scales, then for the examples. Memory: the
/// ends, and one number for each example where planted examples are known.
struct InfluenceRanking {
    /// Of each query: the root mean square of its influence.
    private(set) var scales: [Double]
    private(set) var ends: [Ends]
    private(set) var overall: Ends
    /// The overall score of each example; empty where nobody asked.
    private(set) var scores: [Double] = []
    /// Examples without influence on any query.
    private(set) var zeroCount = 0

    /// The strongest places of a ranking at both ends.
    struct Ends {
        typealias Entry = (index: Int, influence: Double)
        private(set) var promoting: [Entry] = []
        private(set) var counteracting: [Entry] = []
        let count: Int

        init(count: Int) { self.count = count }

        mutating func add(_ index: Int, _ influence: Double) {
            if influence > 0 { Self.insert((index, influence), &promoting, count, stronger: >) }
            if influence < 0 { Self.insert((index, influence), &counteracting, count, stronger: <) }
        }

        private static func insert(
            _ entry: Entry, _ list: inout [Entry], _ count: Int, stronger: (Double, Double) -> Bool
        ) {
            if list.count == count, let last = list.last, !stronger(entry.influence, last.influence) { return }
            // Equal ones keep their order.
            var (low, high) = (0, list.count)
            while low < high {
                let middle = (low + high) / 2
                if stronger(entry.influence, list[middle].influence) { high = middle } else { low = middle + 1 }
            }
            list.insert(entry, at: low)
            if list.count > count { list.removeLast() }
        }
    }

    /// - Parameter wanted: how many of the queries, from the last, count the other way in the overall ranking.
    init(_ url: URL, queries: Int, wanted: Int = 0, top: Int, keepsScores: Bool) throws {
        var squares = [Double](repeating: 0, count: queries)
        var total = 0
        try ScoreFile.rows(of: url, queries: queries) { _, rows in
            for row in rows {
                for (query, value) in row.enumerated() { squares[query] += Double(value) * Double(value) }
            }
            total += rows.count
        }
        let scales = squares.map { ($0 / Double(max(1, total))).squareRoot() }
        var ends = [Ends](repeating: Ends(count: top), count: queries)
        var overall = Ends(count: top)
        var scores: [Double] = []
        if keepsScores { scores.reserveCapacity(total) }
        var zeroCount = 0
        try ScoreFile.rows(of: url, queries: queries) { first, rows in
            for (place, row) in rows.enumerated() {
                var (sum, against) = (0.0, 0.0)
                for (query, value) in row.enumerated() {
                    ends[query].add(first + place, Double(value))
                    guard scales[query] > 0 else { continue }
                    if query < queries - wanted {
                        sum += Double(value) / scales[query]
                    } else {
                        against += Double(value) / scales[query]
                    }
                }
                let mean = sum / Double(queries - wanted) - (wanted > 0 ? against / Double(wanted) : 0)
                overall.add(first + place, mean)
                if keepsScores { scores.append(mean) }
                if row.allSatisfy({ $0 == 0 }) { zeroCount += 1 }
            }
        }
        (self.scales, self.ends, self.overall, self.scores) = (scales, ends, overall, scores)
        self.zeroCount = zeroCount
    }
}
