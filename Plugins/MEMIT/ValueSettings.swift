// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The settings of the value optimisation, under the names of the published code.
struct ValueSettings: ParameterSet {
    @Parameter(
        "fact_token", choices: FactToken.allCases.map(\.rawValue),
        help: "Which token of a prompt carries the fact; all published runs use subject_last.")
    var factTokenName = FactToken.subjectLast.rawValue

    @Parameter var steps: Int

    @Parameter(
        "v_lr", in: .positive, help: "Learning rate of Adam. The first step has the length v_lr * sqrt(dModel).")
    var learningRate = 0.5

    @Parameter(
        "v_loss_layer", in: .nonNegative, unit: "layer",
        help: "The block behind which the loss reads the final norm and the head; without: the last block.")
    var lossLayer: Int?

    @Parameter(
        "v_weight_decay", in: .nonNegative,
        help: "Weight of |delta| / |h0|^2, h0 being the value before. Scale it with |h0| for small models.")
    var weightDecay = 0.5

    @Parameter var clampFactor: Double

    @Parameter(
        "kl_factor", in: .nonNegative,
        help: "Weight of the divergence of the prediction behind the subject in \"{} is a\" from the unedited one.")
    var divergenceFactor = 0.0625

    @Parameter(
        "batch_tokens", in: .positive, unit: "tokens",
        help: "Tokens that are run at once, padding counted. Changes speed and memory, not results.")
    var tokenBudget = 8192

    init(steps: Int, clampFactor: Double) {
        _steps = Parameter(
            wrappedValue: steps, "v_num_grad_steps", in: .positive, unit: "passes",
            help: "Forward passes of the value optimisation; the last one takes no step.")
        _clampFactor = Parameter(
            wrappedValue: clampFactor, "clamp_norm_factor", in: .positive,
            help: "The longest that delta may become, as a multiple of |h0|.")
    }

    var factToken: FactToken { FactToken(rawValue: factTokenName) ?? .subjectLast }
}
