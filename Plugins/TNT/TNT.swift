// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Targeted negative training: what is marked goes, everything else stays as the original had it (Zhang, Ranganath and
/// Tafvizi 2024).
///
/// At each marked token the target is the original's prediction without that token, renormalised; elsewhere it is the
/// original's prediction itself. Where the trained model has reached its targets nothing pushes any more.
struct TNT: NegativePatcher {
    static let descriptor = ComponentDescriptor(
        id: "tnt", summary: "Trains marked tokens away and keeps all other predictions as the original made them.")

    @Parameter(
        "variant", help: "Divergence at marked tokens and at the others: F forward, R reverse, LL likelihood.")
    var variant = Variant.forwardForward

    let texts = TextSettings()
    let training = TrainingSettings()
    let marks = MarkSettings()
    let rounds = RoundSettings()
    let selection = SelectionSettings()

    @Parameter(
        "epsilon", in: .positive,
        help: "Added to every entry of a target that must not be zero. With a large vocabulary use 0.03 / its size.")
    var epsilon = 1e-6

    @Parameter(
        "merge_samples",
        help: "Take all tokens out of a target that the samples show to be unwanted after the same tokens.")
    var mergesSamples = false

    var loss: NegativeLoss { variant.loss(alpha: marks.alpha, epsilon: epsilon) }
}
