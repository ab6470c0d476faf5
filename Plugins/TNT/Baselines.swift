// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Unlikelihood training: −log(1 − p) of marked tokens (Welleck et al. 2020).
struct Unlikelihood: NegativePatcher {
    static let descriptor = ComponentDescriptor(
        id: "unlikelihood", summary: "Trains marked tokens away by unlikelihood, with plain likelihood of the rest.")

    let texts = TextSettings()
    let training = TrainingSettings()
    let marks = MarkSettings()
    let rounds = RoundSettings()
    let selection = SelectionSettings()

    @Parameter("likelihood", help: "Keep other tokens by their likelihood (UL+LL); otherwise nothing keeps them (UL).")
    var keepsRest = true

    var loss: NegativeLoss {
        NegativeLoss(marked: .unlikelihood, rest: keepsRest ? .likelihood : nil, alpha: marks.alpha)
    }
}

/// Negative likelihood: gradient ascent on −log p of marked tokens, as far as a floor.
struct NegativeLikelihood: NegativePatcher {
    static let descriptor = ComponentDescriptor(
        id: "negative-likelihood", summary: "Pushes marked tokens down by their log-probability, as far as a floor.")

    let texts = TextSettings()
    let training = TrainingSettings()
    let marks = MarkSettings()
    let rounds = RoundSettings()
    let selection = SelectionSettings()

    @Parameter("likelihood", help: "Keep other tokens by their likelihood (NL+LL); otherwise nothing keeps them (NL).")
    var keepsRest = true

    @Parameter("floor", in: .closed(-1000...0), help: "The log-probability below which nothing pushes.")
    var floor = -10.3

    var loss: NegativeLoss {
        var loss = NegativeLoss(
            marked: .negativeLikelihood, rest: keepsRest ? .likelihood : nil, alpha: marks.alpha)
        loss.floor = floor
        return loss
    }
}
