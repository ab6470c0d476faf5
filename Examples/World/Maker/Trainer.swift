// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Trains the model of the world on its stream of text.
struct Trainer {
    /// What a training came to.
    struct Result {
        let model: TrainingModel
        /// Mean loss per token, unweighted, over the last steps.
        let loss: Double
        let seconds: Double
    }

    /// Steps between two lines of progress, and over which the loss is averaged.
    static let reportPeriod = 50

    let settings: TrainingSettings
    let codec: BytePairCodec

    /// Trains from fresh weights.
    ///
    /// Cost: about 5 minutes on one core with the usual settings.
    func train(on corpus: CorpusBuilder, progress: (String) -> Void) throws(SutureError) -> Result {
        let start = ContinuousClock.now
        let model = try TrainingModel(settings: settings, vocabulary: codec.size)
        let optimizers = [try optimizer(of: model, decaying: true), try optimizer(of: model, decaying: false)]
        let batches = TrainingBatches(settings: settings, codec: codec, corpus: corpus)
        var losses: [Double] = []
        losses.reserveCapacity(settings.steps)
        for step in 0..<settings.steps {
            for optimizer in optimizers {
                try optimizer.setLearningRate(settings.learningRate(at: step))
                try optimizer.zeroGradients()
            }
            let batch = try batches.batch(step)
            let output = try model(batch.inputs, separation: settings.isRecall(at: step) ? batch.separation : nil)
            let loss = try output.logits.reshaped(-1, codec.size).crossEntropy(batch.targets, reduction: .none)
            losses.append(try loss.detached().mean().item())
            let recalled = try output.recalled.reshaped(-1, settings.dModel).indexSelect(0, batch.subjects)
            let recallLoss = try model.scores(recalled).crossEntropy(batch.answers)
            try ((loss * batch.weights).sum() + recallLoss * settings.recallWeight).backward()
            for optimizer in optimizers { try optimizer.step() }
            if (step + 1) % Self.reportPeriod == 0 {
                let time = Int(seconds(since: start))
                progress("step \(step + 1) of \(settings.steps): loss \(recent(losses)), \(time) s")
            }
        }
        guard let last = losses.last, last.isFinite else {
            throw SutureError(
                .internal, "the training ended with the loss \(losses.last ?? .nan)", hint: "lower the learning rate")
        }
        return Result(model: model, loss: recent(losses), seconds: seconds(since: start))
    }

    private func optimizer(of model: TrainingModel, decaying: Bool) throws(SutureError) -> Optimizer {
        try Optimizer(
            .adamW(
                learningRate: settings.learningRate, beta1: settings.beta1, beta2: settings.beta2,
                weightDecay: decaying ? settings.weightDecay : 0),
            leaves: model.parameters.filter { $0.decays == decaying }.map(\.value))
    }

    private func recent(_ losses: [Double]) -> Double {
        let last = losses.suffix(Self.reportPeriod)
        return (last.reduce(0, +) / Double(last.count) * 1_000).rounded() / 1_000
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        let duration = ContinuousClock.now - start
        return (Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18).rounded()
    }
}
