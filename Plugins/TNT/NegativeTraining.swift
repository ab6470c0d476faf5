// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Training

/// Trains a copy of a model on its own generations against a ``NegativeLoss``.
///
/// The model that training begins with is the teacher; it stays as it is. Both run in evaluation mode, so they agree
/// exactly at the start. The loss is a plain sum; its gradient is divided by the number of tokens of the step before it
/// is clipped, which AdamW does not notice and the limit needs.
///
/// Cost per step: one forward and one backward pass over its sequences, with weight gradients.
struct NegativeTraining {
    /// What a training came to.
    struct Result {
        /// Relative to the model that training began with.
        var patch: Patch
        /// The steps that led to this patch, of ``stepCount``.
        var chosenStep: Int
        var stepCount: Int
        /// Per token, of the first and the last step.
        var firstLoss: Double
        var lastLoss: Double
        /// Positions whose target could not be renormalised.
        var clampedCount: Int
    }

    var loss: NegativeLoss
    var settings: TrainingSettings
    /// How often sequences with marks come; nil: none has marks.
    var marks: MarkSettings?
    /// Bytes that the teacher's targets may take.
    var teacherMemory: Int
    /// Which step's changes to take; nil: the last one's.
    var selection: Selection?

    func callAsFunction(
        _ sequences: [TrainingSequence], on model: Model, seed: Int, in session: Session
    ) throws -> Result {
        try session.progress("teacher", 0, of: sequences.count)
        let teacher = try Teacher(
            model, loss, for: sequences, tokenBudget: settings.tokenBudget, memory: teacherMemory
        ) { try session.progress("teacher", $0, of: sequences.count) }
        let trained = try TrainableWeights(model.parameterNames(matching: settings.parameters), of: model)
        var optimizer = try TrainingOptimizer(settings, trained)
        let epoch =
            marks.map { sequences.epoch(oversamplingBelow: $0.oversampleBelow, to: $0.oversampleTo) }
            ?? Array(sequences.indices)
        var order = EpochOrder(epoch, random: try RandomNumbers(seed: seed))
        let total = settings.stepCount(epoch: epoch.count)
        var result = Result(
            patch: Patch(), chosenStep: total, stepCount: total, firstLoss: 0, lastLoss: 0,
            clampedCount: teacher.clampedCount)
        var best: Selection.Verdict?
        for step in 0..<total {
            try session.progress("train", step, of: total)
            let chosen = try order.next(min(settings.batchSize, epoch.count))
            let tokenCount = chosen.reduce(0) { $0 + sequences[$1].response.count }
            var sum = 0.0
            for batch in TokenBatch.batches(
                ofLengths: chosen.map { sequences[$0].tokens.count }, budget: settings.tokenBudget)
            {
                let places = batch.map { chosen[$0] }
                sum += try backward(
                    places.map { sequences[$0] }, at: places, teacher, trained, on: model,
                    divisor: Double(tokenCount))
            }
            guard sum.isFinite else {
                throw SutureError(
                    .failedPrecondition, "the loss of step \(step) is \(sum)",
                    hint: "lower lr or alpha, or load the model in float32")
            }
            if settings.clip > 0 { _ = try trained.clipGradients(to: settings.clip) }
            try optimizer.step(trained, of: model, learningRate: settings.rate(step, of: total))
            if step == 0 { result.firstLoss = sum }
            result.lastLoss = sum
            if let selection, selection.isDue(step, of: total) {
                let patch = try trained.result(on: model)
                let verdict = try selection.verdict(on: model.applying(patch))
                if selection.prefers(verdict, to: best) {
                    (best, result.patch, result.chosenStep) = (verdict, patch, step + 1)
                }
            }
        }
        try session.progress("train", total, of: total)
        if selection != nil && best == nil {
            session.log(.warning, "no step of training reaches bleu_floor on the held-out prompts: the last is taken")
        }
        if best == nil { result.patch = try trained.result(on: model) }
        return result
    }

    /// Adds the gradient of some sequences' loss to the leaves.
    ///
    /// - Returns: the loss over the divisor.
    private func backward(
        _ sequences: [TrainingSequence], at places: [Int], _ teacher: Teacher, _ trained: TrainableWeights,
        on model: Model, divisor: Double
    ) throws -> Double {
        let student = try model.applying(trained.patch)
        let reads = sequences.enumerated().flatMap { $0.element.reads(row: $0.offset) }
        let sum =
            try loss(
                student.logits(of: sequences.map(\.tokens), at: reads),
                targets: teacher.targets(of: sequences, at: places), tokens: sequences.flatMap(\.response),
                weights: sequences.flatMap(\.weights)) / divisor
        if sum.requiresGradient { try sum.backward() }
        return try sum.detached().item()
    }
}
