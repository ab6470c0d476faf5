// SPDX-License-Identifier: Apache-2.0

import SutureKit

// Settings that several of the patchers have alike.
extension SharedParameter {
    /// How much of the training examples is recalled.
    static let recall = SharedParameter(
        "recall", in: .closed(0...0.5), help: "The largest share of the training examples on either side.")

    /// What the influence of a recalled example has to exceed.
    static let thresholdPercentile = SharedParameter(
        "threshold_percentile", in: .closed(0...100), unit: "percent",
        help: "Recall what exceeds this percentile of the influence with each query's row shuffled; 0: everything.")

    /// Whether queries weigh the same.
    static let normalize = SharedParameter(
        "normalize", help: "Divide the influence on each query by its root mean square, so that queries weigh the same."
    )

    /// How much what the model says of anchors is kept.
    static let proximity = SharedParameter(
        "gamma", in: .nonNegative, help: "The weight of KL(start || now) over all tokens of anchors; 0: without.")
}
