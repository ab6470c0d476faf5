// SPDX-License-Identifier: Apache-2.0

/// How well a ranking finds examples that are known to be planted.
package struct PlantedFigures: Sendable, Codable, Hashable {
    /// Planted examples among those that were ranked.
    package var count: Int
    package var total: Int
    /// The share of planted examples among the first k.
    package var precision: [Precision]
    /// The probability that a planted example is ranked before another one; 0.5 is chance.
    package var auroc: Double

    package struct Precision: Sendable, Codable, Hashable {
        package var k: Int
        package var value: Double
    }

    /// Memory: the planted examples, and some hundred others.
    ///
    /// - Parameters:
    ///   - scores: of every example.
    ///   - planted: the indices of those that are planted.
    init(scores: [Double], planted: Set<Int>) {
        count = planted.count
        total = scores.count
        let ks = Set([10, 20, 50, 100, planted.count]).filter { $0 > 0 && $0 <= scores.count }.sorted()
        let first = Self.first(ks.last ?? 0, of: scores)
        precision = ks.map { k in
            Precision(k: k, value: Double(first.prefix(k).count(where: planted.contains)) / Double(k))
        }
        // Pairs of a planted example and another one (Mann and Whitney 1947), ties counted by half.
        let own = planted.map { scores[$0] }.sorted()
        var pairs = 0.0
        for (index, score) in scores.enumerated() where !planted.contains(index) {
            let (below, notAbove) = (Self.place(in: own) { $0 < score }, Self.place(in: own) { $0 <= score })
            pairs += Double(own.count - notAbove) + Double(notAbove - below) / 2
        }
        let others = scores.count - planted.count
        auroc = planted.isEmpty || others == 0 ? .nan : pairs / Double(planted.count) / Double(others)
    }

    /// The first k examples of the ranking. Equal ones keep their order.
    private static func first(_ k: Int, of scores: [Double]) -> [Int] {
        guard k > 0 else { return [] }
        func isBefore(_ a: Int, _ b: Int) -> Bool { (scores[b], a) < (scores[a], b) }
        var found: [Int] = []
        for index in scores.indices {
            // What comes after the last of k is none of the first.
            if found.count == k, !isBefore(index, found[k - 1]) { continue }
            found.insert(index, at: place(in: found) { isBefore($0, index) })
            if found.count > k { found.removeLast() }
        }
        return found
    }

    /// How many elements of a list that is in order satisfy a condition, which those at its start do.
    private static func place<Element>(in list: [Element], _ isBefore: (Element) -> Bool) -> Int {
        var range = 0..<list.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = isBefore(list[middle]) ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound
    }
}
