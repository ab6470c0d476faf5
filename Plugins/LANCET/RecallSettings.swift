// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which training examples count as those that made the model say the queries.
struct RecallSettings: ParameterSet {
    @Parameter("estimator", kind: .estimator, help: "What says how much each training example promotes a query.")
    var estimator: ComponentReference

    @Parameter(.recall) var share = 0.05

    @Parameter(.thresholdPercentile) var percentile = 99.0

    @Parameter(.normalize) var normalizes = true

    /// - Throws: `failedPrecondition` where nothing promotes the queries, or the influence is not finite.
    func recall(
        of texts: TracedTexts, on model: Model, seed: Int, in session: Session
    ) throws -> Recall {
        try session.progress("influence")
        let found = try session.influence(on: texts.all, with: estimator, model: model)
        guard try found.isAllFinite() else {
            throw SutureError(
                .failedPrecondition, "the estimator's influence is not finite",
                hint: "raise its damping, or load the model in float32")
        }
        let values = try found.scalars(as: Double.self)
        let count = values.count / max(texts.all.count, 1)
        var rows = texts.all.indices.map { Array(values[$0 * count..<($0 + 1) * count]) }
        if normalizes { rows = Aggregate.normalized(rows) }
        let sides = InfluenceSides(rows, unwanted: texts.unwanted.count)
        let threshold = percentile > 0 ? try sides.shuffledPercentile(percentile, random: RandomNumbers(seed: seed)) : 0
        let recall = Recall(sides.influence, share: share, threshold: threshold)
        guard !recall.promoting.isEmpty else {
            throw SutureError(
                .failedPrecondition, "no training example promotes the queries beyond the threshold",
                hint: "lower threshold_percentile, or give more queries")
        }
        return recall
    }
}
