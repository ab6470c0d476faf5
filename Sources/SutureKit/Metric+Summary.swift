// SPDX-License-Identifier: Apache-2.0

extension Metric {
    /// The mean over all observations that the scores of a name stand for, each score by its weight. Nil where there is
    /// none. Scores of weight 0 do not count, and others count even if they are not finite.
    ///
    /// - Parameter factor: multiplies the mean: 100 for percent.
    public static func weightedMean(
        of name: String, in scores: [Score], as title: String? = nil, times factor: Double = 1, unit: String,
        direction: Direction, protocol: String
    ) -> Metric? {
        let parts = scores.filter { $0.name == name && $0.weight != 0 }
        let weight = parts.reduce(0) { $0 + $1.weight }
        guard weight > 0 else { return nil }
        return Metric(
            title ?? name, parts.reduce(0) { $0 + $1.value * $1.weight } / weight * factor, unit: unit,
            n: Int(exactly: weight.rounded(.towardZero)) ?? .max, direction: direction, protocol: `protocol`)
    }

    /// A percentile over the scores of a name, one observation each, linear between neighbours. Nil where there is none.
    ///
    /// The name of the metric is that of the score with the percentile: "seconds_p90".
    ///
    /// - Parameter percent: 0 is the smallest score, 50 the median, 100 the largest.
    public static func percentile(
        _ percent: Double, of name: String, in scores: [Score], times factor: Double = 1, unit: String,
        direction: Direction, protocol: String
    ) -> Metric? {
        let values = scores.filter { $0.name == name }.map { $0.value * factor }
        guard let value = values.percentile(percent) else { return nil }
        let label = percent == percent.rounded() ? String(Int(percent)) : String(percent)
        return Metric(
            "\(name)_p\(label)", value, unit: unit, n: values.count, direction: direction, protocol: `protocol`)
    }

    /// The median over the scores of a name, one observation each. Nil where there is none.
    ///
    /// The name of the metric is that of the score with the word: "seconds_median".
    public static func median(
        of name: String, in scores: [Score], times factor: Double = 1, unit: String, direction: Direction,
        protocol: String
    ) -> Metric? {
        var metric = percentile(
            50, of: name, in: scores, times: factor, unit: unit, direction: direction, protocol: `protocol`)
        metric?.name = "\(name)_median"
        return metric
    }
}
