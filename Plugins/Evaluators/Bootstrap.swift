// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Intervals of means, by drawing the cases again and again (Efron 1979, percentile method).
struct BootstrapSettings: ParameterSet {
    @Parameter("resamples", in: .positive, help: "How often the cases are drawn anew for an interval.")
    var resamples = 1000

    @Parameter("seed", in: .nonNegative, help: "Of the draws for intervals. The same seed draws the same cases.")
    var seed = 0

    /// The bounds between which the middle 95 % of the resampled means lie; nil for fewer than two values.
    ///
    /// - Parameter values: one for each case, in an order that does not depend on the run.
    func interval(of values: [Double]) -> (low: Double, high: Double)? {
        guard values.count > 1 else { return nil }
        var stream = RandomStream(seed: seed, key: 0)
        let means = (0..<resamples).map { _ in
            values.indices.reduce(0) { sum, _ in sum + values[stream.draw(below: values.count)] } / Double(values.count)
        }
        return means.percentiles([2.5, 97.5]).map { ($0[0], $0[1]) }
    }

    /// The mean of the scores of a name over cases, and after it the bounds of its interval as metrics of their own,
    /// `…_low` and `…_high`. Empty where there is no score.
    func mean(
        of name: String, in scores: [Score], times factor: Double = 1, unit: String, direction: Metric.Direction,
        protocol: String
    ) -> [Metric] {
        // Scores come in any order, and an interval depends on it.
        let own = scores.filter { $0.name == name }.sorted {
            ($0.caseIndex ?? -1, $0.value) < ($1.caseIndex ?? -1, $1.value)
        }
        guard
            let mean = Metric.mean(
                of: name, in: own, times: factor, unit: unit, direction: direction, protocol: `protocol`)
        else { return [] }
        guard let (low, high) = interval(of: own.map { $0.value * factor }) else { return [mean] }
        return [mean]
            + [("low", low), ("high", high)].map { bound, value in
                Metric(
                    "\(name)_\(bound)", value, unit: unit, n: mean.n, direction: direction,
                    protocol: "\(`protocol`); 95 % interval, \(resamples) resamples of the cases, seed \(seed)")
            }
    }
}
