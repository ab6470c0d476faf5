// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The settings of the value optimisation, under the names of the published code.
package struct ValueSettings: ParameterSet {
    /// Which model says how far delta may go and what the divergence is measured from.
    package enum Anchor: String, ParameterChoice {
        /// The model that is edited: the published choice. Under repeated edits a longer value allows a longer delta.
        case current
        /// The model as it lies on disk.
        case original
    }

    @Parameter(
        "fact_token", help: "Which token of a prompt carries the fact; all published runs use subject_last.")
    package var factToken = FactToken.subjectLast

    @Parameter package var steps: Int

    @Parameter(
        "v_lr", in: .positive, help: "Learning rate of Adam. The first step has the length v_lr * sqrt(dModel).")
    package var learningRate = 0.5

    @Parameter(
        "v_loss_layer", in: .nonNegative, unit: "layer",
        help:
            "The block after which the loss reads the final norm and the head; at least the edited one. The last block "
            + "if not given.")
    package var lossLayer: Int?

    @Parameter(
        "v_weight_decay", in: .nonNegative,
        help: "Weight of |delta| / |h0|^2, h0 being the value before. Scale it with |h0| for small models.")
    package var weightDecay = 0.5

    @Parameter package var clampFactor: Double

    @Parameter(
        "kl_factor", in: .nonNegative,
        help: "Weight of the divergence of the prediction after the subject in \"{} is a\" from the unedited one.")
    package var divergenceFactor = 0.0625

    @Parameter(
        "anchor",
        help: "Where |h0| of the clamp and the reference of the divergence come from: the model that is edited, as "
            + "published, or the original one, which keeps repeated edits from running away.")
    package var anchor = Anchor.current

    package let neighbor = NeighborSettings()

    @Parameter(.batchTokens) package var tokenBudget = 8192

    package init(steps: Int, clampFactor: Double) {
        _steps = Parameter(
            wrappedValue: steps, "v_num_grad_steps", in: .positive, unit: "passes",
            help: "Forward passes of the value optimisation; the last one takes no step.")
        _clampFactor = Parameter(
            wrappedValue: clampFactor, "clamp_norm_factor", in: .positive,
            help: "The largest length of delta, as a multiple of |h0|.")
    }
}
