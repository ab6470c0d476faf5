// SPDX-License-Identifier: Apache-2.0

// Small statistics of plain numbers, and slices of results by whom they belong to.
//
// Numbers that are not finite count as they are: a mean over one that is NaN is NaN, a mean over an infinite one is infinite,
// and both infinities together make NaN. In the order of percentiles, infinities are the smallest and the largest numbers, and
// NaN, which has no place in an order, makes every percentile NaN.

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

    /// The number of elements over the sum of their reciprocals; NaN where an element is NaN, else 0 where one is 0 or less, and
    /// 0 for none.
    public func harmonicMean() -> Double {
        var sum = 0.0
        var count = 0
        var isZero = false
        for value in self {
            if value.isNaN { return .nan }
            if value <= 0 { isZero = true }
            sum += 1 / value
            count += 1
        }
        return count > 0 && !isZero ? Double(count) / sum : 0
    }

    /// The value below which `percent` of the elements lie, linear between neighbours; nil for none.
    ///
    /// - Parameter percent: 0 gives the smallest element, 100 the largest; values beyond count as these.
    public func percentile(_ percent: Double) -> Double? { percentiles([percent])?.first }

    /// Several percentiles after one sort; nil for no elements.
    public func percentiles(_ percents: [Double]) -> [Double]? {
        let values = sorted()
        guard let last = values.indices.last else { return nil }
        if values.contains(where: \.isNaN) { return percents.map { _ in .nan } }
        return percents.map { percent in
            let place = Swift.min(Swift.max(percent / 100, 0), 1) * Double(last)
            let below = Int(place)
            let above = Swift.min(below + 1, last)
            let part = place - Double(below)
            // Infinity minus infinity is NaN, and nothing times infinity too.
            if part == 0 || values[below] == values[above] { return values[below] }
            return values[below] + part * (values[above] - values[below])
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
