// SPDX-License-Identifier: Apache-2.0

// Small statistics of plain numbers, and slices of results by whom they belong to.

extension Sequence<Double> {
    /// The sum over the number of elements, added in their order; nil for none.
    public func mean() -> Double? {
        var sum = 0.0
        var count = 0
        for value in self {
            sum += value
            count += 1
        }
        return count > 0 ? sum / Double(count) : nil
    }

    /// The number of elements over the sum of their reciprocals; 0 where an element is 0 or less, and for none.
    public func harmonicMean() -> Double {
        var sum = 0.0
        var count = 0
        for value in self {
            guard value > 0 else { return 0 }
            sum += 1 / value
            count += 1
        }
        return count > 0 ? Double(count) / sum : 0
    }

    /// The value below which `percent` of the elements lie, linear between neighbours; nil for none.
    ///
    /// - Parameter percent: 0 gives the smallest element, 100 the largest; values beyond count as these.
    public func percentile(_ percent: Double) -> Double? { percentiles([percent])?.first }

    /// Several percentiles after one sort; nil for no elements.
    public func percentiles(_ percents: [Double]) -> [Double]? {
        let values = sorted()
        guard let last = values.indices.last else { return nil }
        return percents.map { percent in
            let place = Swift.min(Swift.max(percent / 100, 0), 1) * Double(last)
            let below = Int(place)
            let above = Swift.min(below + 1, last)
            return values[below] + (place - Double(below)) * (values[above] - values[below])
        }
    }
}

extension Array {
    /// Consecutive slices of these lengths: results of many requests, given back to those that made them.
    ///
    ///     let ratings = try model.ratings(of: cases.flatMap(requests), tokenBudget: 8192)
    ///     for (editCase, own) in zip(cases, ratings.slices(ofCounts: cases.map { requests($0).count })) { … }
    ///
    /// - Parameter counts: at least 0 each; together at most the number of elements.
    public func slices(ofCounts counts: some Sequence<Int>) -> [ArraySlice<Element>] {
        var rest = self[...]
        return counts.map { count in
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
    }
}
