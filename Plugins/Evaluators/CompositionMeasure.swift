// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How the scores of a measure become figures.
struct CompositionMeasure {
    /// What a figure is a mean over.
    private enum Average {
        /// Cases, each the mean over its prompts.
        case cases
        /// Cases, with the median beside the mean.
        case casesWithMedian
        /// Prompts.
        case prompts
    }

    private var name: String
    private var average: Average
    private var factor = 1.0
    private var unit: String
    private var isProbability = false
    private var isGenerated = false

    /// In the order of the report.
    static let all = [
        CompositionMeasure("change", .casesWithMedian, unit: "times p before", isProbability: true),
        CompositionMeasure("leak", .casesWithMedian, unit: "times p before", isProbability: true),
        CompositionMeasure("improved", .prompts, percent: true, isProbability: true),
        CompositionMeasure("event", .prompts, percent: true, isProbability: true),
        CompositionMeasure("probability", .cases, unit: "", isProbability: true),
        CompositionMeasure("first_choice", .prompts, percent: true),
        CompositionMeasure("log_probability", .cases, unit: "nats"),
        CompositionMeasure("match", .prompts, percent: true, isGenerated: true),
        CompositionMeasure("contained", .prompts, percent: true, isGenerated: true),
    ]

    private init(
        _ name: String, _ average: Average, percent: Bool = false, unit: String = "percent",
        isProbability: Bool = false,
        isGenerated: Bool = false
    ) {
        self.name = name
        self.average = average
        self.unit = unit
        self.isProbability = isProbability
        self.isGenerated = isGenerated
        factor = percent ? 100 : 1
    }

    /// The figures of the measure on a set; none where it was not measured.
    ///
    /// - Parameter generation: the protocol of what the model says by itself.
    func metrics(of set: CompositionSet, in scores: [Score], generation: String) -> [Metric] {
        let key = "\(set.rawValue)_\(name)"
        let how = isGenerated ? generation : isProbability ? "mean single-step probability" : "teacher-forced"
        let direction = direction(on: set)
        let mean: Metric? =
            average == .prompts
            ? .weightedMean(of: key, in: scores, times: factor, unit: unit, direction: direction, protocol: how)
            : .mean(of: key, in: scores, times: factor, unit: unit, direction: direction, protocol: how)
        let median: Metric? =
            average == .casesWithMedian
            ? .median(of: key, in: scores, times: factor, unit: unit, direction: direction, protocol: how) : nil
        return [mean, median].compactMap(\.self)
    }

    /// Unrelated compositions should neither gain nor lose.
    private func direction(on set: CompositionSet) -> Metric.Direction {
        if name == "leak" { return .lowerIsBetter }
        let isRelative = name == "change" || name == "improved"
        return isRelative && ![.correction, .paraphrase, .generalization].contains(set) ? .none : .higherIsBetter
    }
}
