// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Testing

@Suite("Numbers and figures")
struct NumbersTests {
    @Test("The mean of nothing is nothing")
    func mean() {
        #expect([1.0, 2, 6].mean() == 3)
        #expect([Double]().mean() == nil)
    }

    @Test("The harmonic mean of numbers of which one is 0 is 0")
    func harmonicMean() {
        #expect(abs([1.0, 2, 4].harmonicMean() - 12 / 7) < 1e-12)
        #expect([100.0, 0, 50].harmonicMean() == 0)
        #expect([Double]().harmonicMean() == 0)
    }

    @Test(
        "A percentile lies between its neighbours in proportion",
        arguments: [(0.0, 1.0), (25, 2), (50, 3), (62.5, 3.5), (100, 5), (-10, 1), (110, 5)])
    func percentile(percent: Double, value: Double) {
        #expect([3.0, 1, 5, 2, 4].percentile(percent) == value)
        #expect([7.0].percentile(percent) == 7)
        #expect([Double]().percentile(percent) == nil)
    }

    @Test("What is not finite counts as it is, and NaN makes every mean and percentile NaN")
    func notFinite() {
        #expect([1, .nan].mean()?.isNaN == true && [1, .infinity].mean() == .infinity)
        #expect([Double.infinity, -.infinity].mean()?.isNaN == true)
        #expect([0, .nan].harmonicMean().isNaN && [2, .infinity].harmonicMean() == 4)
        #expect([1, .nan, 2].percentile(50)?.isNaN == true)
        #expect([1, .infinity, 2].percentile(50) == 2 && [1, .infinity].percentile(50) == .infinity)
        #expect([Double.infinity, .infinity, 1].percentile(75) == .infinity)
        #expect([-.infinity, 1, 2].percentile(0) == -.infinity)
        let scores = [1, Double.infinity].map { Score("a", $0) } + [Score("a", .nan, weight: 0)]
        let mean = Metric.mean(
            of: "a", in: Array(scores.prefix(2)), unit: "", direction: .none, protocol: "")
        #expect(mean?.value == .infinity && mean?.standardError == nil && mean?.n == 2)
        let weighted = Metric.weightedMean(of: "a", in: scores, unit: "", direction: .none, protocol: "")
        #expect(weighted?.value == .infinity && weighted?.n == 2)
    }

    @Test("Results are given back in slices to those that made them")
    func slices() {
        #expect([1, 2, 3, 4].slices(ofCounts: [1, 0, 3]).map(Array.init) == [[1], [], [2, 3, 4]])
        #expect([Int]().slices(ofCounts: [0, 0]).map(Array.init) == [[], []])
    }

    private let scores = [
        Score("seconds", 1, caseIndex: 0, weight: 3), Score("seconds", 5, caseIndex: 1), Score("other", 100),
        Score("seconds", 3, caseIndex: 2, weight: 0),
    ]

    @Test("A weighted mean counts each score by what it stands for")
    func weightedMean() {
        let metric = Metric.weightedMean(
            of: "seconds", in: scores, times: 10, unit: "s", direction: .lowerIsBetter, protocol: "clock")
        #expect(metric?.value == 20 && metric?.n == 4 && metric?.name == "seconds")
        #expect(
            Metric.weightedMean(of: "none", in: scores, unit: "s", direction: .none, protocol: "clock") == nil)
    }

    @Test("Medians and percentiles count every score once and say so in their name")
    func percentileMetric() {
        let median = Metric.median(of: "seconds", in: scores, unit: "s", direction: .lowerIsBetter, protocol: "clock")
        #expect(median?.value == 3 && median?.n == 3 && median?.name == "seconds_median")
        let high = Metric.percentile(
            90, of: "seconds", in: scores, unit: "s", direction: .lowerIsBetter, protocol: "clock")
        #expect(abs((high?.value ?? 0) - 4.6) < 1e-12 && high?.name == "seconds_p90")
        #expect(
            Metric.percentile(50, of: "none", in: scores, unit: "s", direction: .none, protocol: "clock") == nil)
    }
}
