// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The size of the model and the way it is trained. The values were found by trial, for a training of a few minutes on
/// one core.
struct TrainingSettings: Sendable {
    // MARK: Size

    let layers = 6
    let dModel = 192
    let heads = 6
    /// Longest text, in tokens.
    let positions = 128
    let epsilon = 1e-5

    // MARK: Batches

    /// Steps of the optimiser.
    var steps = 1_000
    /// Tokens per step; rows are half as many and twice as long in every fourth step, so that late positions are
    /// learned too.
    let tokensPerStep = 1_024
    let rowLength = 64
    let longRowPeriod = 4
    /// Weight of an object's tokens in the loss. Which subject or wording comes next cannot be learned; what it is
    /// about can.
    let answerWeight: Float = 10
    /// Weight of the end of text, and of all other tokens.
    let endWeight: Float = 1
    let otherWeight: Float = 0.5

    // MARK: Where the facts go

    /// Blocks that find out what is known of a subject; the others read it from there.
    ///
    /// Left alone, so small a model looks facts up in its first block at the end of the prompt, and there would be
    /// nothing to edit at the subject. Therefore the first part of the training gives the lower blocks one task each:
    /// block 0 has attention alone, and no token sees past the end of the last subject in it, so it gathers the tokens
    /// of a subject at their end; the other lower blocks have MLPs alone. The parts left out join in the second part.
    /// They start with outputs near zero, so little changes at first, and then find the facts in place.
    let recallBlocks = 4
    /// Share of the steps in the first part.
    let recallShare = 0.6
    /// Weight of a second loss: the final norm and the head, applied to a subject's last token after the lower blocks,
    /// must name the object.
    let recallWeight = 1.0

    // MARK: Optimiser (AdamW)

    let learningRate = 2e-3
    let warmup = 60
    /// Rate at the end, as a share of the highest.
    let finalShare = 0.02
    let beta1 = 0.9
    let beta2 = 0.98
    /// Of matrices; vectors do not decay. So much of it keeps the residual stream short, and a short change visible in
    /// it.
    let weightDecay = 0.5
    let seed = 1

    /// The learning rate of a step, from 0: a linear rise, then half a cosine.
    func learningRate(at step: Int) -> Double {
        guard step >= warmup else { return learningRate * Double(step + 1) / Double(warmup) }
        let progress = Double(step - warmup) / Double(max(1, steps - warmup))
        let cosine = (1 + cos(.pi * progress)) / 2
        return learningRate * (finalShare + (1 - finalShare) * cosine)
    }

    /// Whether a step belongs to the first part of the training.
    func isRecall(at step: Int) -> Bool {
        Double(step) < recallShare * Double(steps)
    }
}
