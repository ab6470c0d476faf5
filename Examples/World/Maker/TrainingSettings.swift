// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The size of the model and the way it is trained. The values were found by trial, for few minutes on one core.
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
    /// Weight of all other tokens.
    let otherWeight: Float = 0.5

    // MARK: Where the facts go

    /// Blocks in which a token, in the first part of the training, sees only ``windowWidth`` tokens, itself included. So
    /// what is known of a subject is found in these blocks at the subject's own tokens, and is read from there by the
    /// blocks above. Without this, so small a model looks facts up in its first block at the end of the prompt, and
    /// there would be nothing to edit at the subject.
    let windowedBlocks = 3
    let windowWidth = 4
    /// Share of the steps with that restriction; the other steps teach the same weights to do without it.
    let windowedShare = 0.75

    // MARK: Optimiser (AdamW)

    let learningRate = 3e-3
    let warmup = 60
    /// Rate at the end, as a share of the highest.
    let finalShare = 0.02
    let beta1 = 0.9
    let beta2 = 0.98
    /// Of matrices; vectors do not decay.
    let weightDecay = 0.01
    /// Gradients longer than this are shortened to it.
    let longestGradient = 1.0
    let seed = 1

    /// The learning rate of a step, from 0: a linear rise, then half a cosine.
    func learningRate(at step: Int) -> Double {
        guard step >= warmup else { return learningRate * Double(step + 1) / Double(warmup) }
        let progress = Double(step - warmup) / Double(max(1, steps - warmup))
        let cosine = (1 + cos(.pi * progress)) / 2
        return learningRate * (finalShare + (1 - finalShare) * cosine)
    }

    /// Whether the lower blocks are restricted in a step.
    func isWindowed(at step: Int) -> Bool {
        Double(step) < windowedShare * Double(steps)
    }
}
