// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// How weights are trained.
struct OptimizerSettings: ParameterSet {
    @Parameter("parameters", help: "What is trained: all, mlp, or names of parameters, in which * is any text.")
    var parameters = ["all"]

    @Parameter("lr", in: .positive, help: "The largest learning rate of AdamW. Small models need more.")
    var learningRate = 5e-6

    @Parameter("betas", in: .closed(0...0.999999), help: "The two decay rates of AdamW.")
    var betas = [0.9, 0.95]

    @Parameter("epochs", in: .positive, help: "Passes over what is trained on.")
    var epochs = 1

    @Parameter("steps", in: .positive, help: "Steps of the optimiser, instead of epochs.")
    var steps: Int?

    @Parameter(
        "warmup_share", in: .closed(0...1),
        help: "The share of the steps in which the rate rises; then it falls by a cosine.")
    var warmUpShare = 0.03

    @Parameter("clip", in: .nonNegative, help: "The largest norm of the gradient; 0 means no limit.")
    var clip = 1.0

    @Parameter("batch_size", in: .positive, help: "Pairs, or examples, of a step, or all if fewer.")
    var batchSize = 32

    @Parameter("max_length", in: .positive, unit: "tokens", help: "Longer examples are cut at their end.")
    var maxLength = 1024

    @Parameter(.batchTokens) var tokenBudget = 8192

    func validate() throws(SutureError) {
        guard betas.count == 2 else {
            throw SutureError(
                .invalidArgument, "betas needs two numbers, got \(betas.count)", hint: "write [0.9, 0.95]")
        }
        guard !parameters.isEmpty else {
            throw SutureError(.invalidArgument, "parameters is empty", hint: "write [all]")
        }
    }

    func stepCount(of items: Int) -> Int {
        steps ?? max(1, (epochs * items + min(batchSize, items) - 1) / max(min(batchSize, items), 1))
    }

    /// The rate of step `step` of `total`, from 0.
    func rate(_ step: Int, of total: Int) -> Double {
        let warmUp = (warmUpShare * Double(total)).rounded(.up)
        if Double(step) < warmUp { return learningRate * Double(step + 1) / warmUp }
        let rest = max(Double(total) - warmUp, 1)
        return learningRate * 0.5 * (1 + cos(Double.pi * (Double(step) - warmUp) / rest))
    }
}

/// What a token's log p counts as, before it is averaged over its row.
enum TokenValue {
    /// log p itself.
    case logProbability
    /// log p, but no less than −log of the vocabulary: nothing pushes a token further down. Only in rows that are marked so.
    case floored([Bool])
    /// log(1 − p).
    case complement
}

/// One training of weights from a model: the model that it begins with stays as it is, and is what changes are measured from.
///
/// The loss over rows may couple them in any way. Rows are run in batches of at most `batch_tokens` tokens: where one batch
/// does not hold all of a step, values are read without gradients first, and each batch is run again with the gradient of
/// the loss by its values. That costs one forward pass more and is exact.
struct InfluenceTraining {
    let model: Model
    let settings: OptimizerSettings
    let trained: TrainableWeights
    private let optimizer: Optimizer

    init(_ model: Model, _ settings: OptimizerSettings) throws {
        self.model = model
        self.settings = settings
        trained = try TrainableWeights(model.parameterNames(matching: settings.parameters), of: model)
        optimizer = try Optimizer(
            .adamW(
                learningRate: settings.learningRate, beta1: settings.betas[0], beta2: settings.betas[1], weightDecay: 0),
            leaves: trained.leaves)
    }

    /// Examples as rows.
    func rows(_ examples: [MarkedText]) throws -> [ForcedRow] {
        try examples.map { try model.forcedRow($0, maxLength: settings.maxLength) }
    }

    /// The mean over each row's tokens, `[rows]`, on some model.
    private func values(
        _ batch: ForcedBatch, _ rows: [ForcedRow], on model: Model, _ tokenValue: TokenValue
    ) throws -> Tensor {
        let logits = try model.logits(Forward(batch.tokens, logits: .at(batch.reads)))
        var tokens = try batch.losses(logits) * -1
        switch tokenValue {
        case .logProbability: break
        case .complement: tokens = try (1 - tokens.exp().minimum(1 - 1e-6)).log()
        case .floored(let isFloored):
            let floor = -logarithm(Double(model.info.vocabulary))
            let floors = batch.places.flatMap { place in
                [Double](repeating: isFloored[place] ? floor : -1e30, count: rows[place].reads.count)
            }
            tokens = try tokens.maximum(Tensor(floors, shape: [floors.count]).cast(to: .float32, device: tokens.device))
        }
        var means: [Tensor] = []
        var start = 0
        for place in batch.places {
            let count = rows[place].reads.count
            means.append(try tokens[start..<start + count].mean())
            start += count
        }
        return try Tensor.stacked(means)
    }

    /// The values of all rows, in their order. No gradient.
    func values(_ rows: [ForcedRow], on model: Model, _ tokenValue: TokenValue = .logProbability) throws -> Tensor {
        try withoutGradients {
            let batches = try rows.batches(tokenBudget: settings.tokenBudget)
            return try ordered(batches, batches.map { try values($0, rows, on: model, tokenValue) })
        }
    }

    private func ordered(_ batches: [ForcedBatch], _ values: [Tensor]) throws -> Tensor {
        let places = batches.flatMap(\.places)
        let order = places.indices.sorted { places[$0] < places[$1] }
        return try Tensor.concatenated(values).indexSelect(0, order)
    }

    /// Adds the gradient of a loss over rows to the leaves.
    ///
    /// - Returns: the loss.
    func backward(
        _ rows: [ForcedRow], _ tokenValue: TokenValue = .logProbability, loss: (RowValues) throws -> Tensor
    ) throws -> Double {
        guard !rows.isEmpty else { return 0 }
        let student = try model.applying(trained.patch)
        let start = try values(rows, on: model, tokenValue)
        let counts = rows.map(\.reads.count)
        let batches = try rows.batches(tokenBudget: settings.tokenBudget)
        if batches.count == 1 {
            let now = try ordered(batches, [values(batches[0], rows, on: student, tokenValue)])
            let value = try loss(RowValues(now: now, start: start, counts: counts))
            try value.backward()
            return try value.detached().item()
        }
        let leaf = try values(rows, on: student, tokenValue).detached().leaf()
        let value = try loss(RowValues(now: leaf, start: start, counts: counts))
        guard let slopes = try value.gradients(of: [leaf])[0] else { return try value.detached().item() }
        for batch in batches {
            let own = try values(batch, rows, on: student, tokenValue)
            try (own * slopes.indexSelect(0, batch.places)).sum().backward()
        }
        return try value.detached().item()
    }

    /// Adds the gradient of `weight` times the mean of KL(start ‖ now) over all tokens of the rows to the leaves.
    ///
    /// - Returns: the mean, without the weight.
    func keep(_ rows: [ForcedRow], weight: Double) throws -> Double {
        let count = rows.reduce(0) { $0 + $1.reads.count }
        guard weight > 0, count > 0 else { return 0 }
        let student = try model.applying(trained.patch)
        var sum = 0.0
        for batch in try rows.batches(tokenBudget: settings.tokenBudget) {
            let pass = Forward(batch.tokens, logits: .at(batch.reads))
            let start = try withoutGradients { try model.logits(pass).cast(to: .float32).logSoftmax() }
            let now = try student.logits(pass).cast(to: .float32).logSoftmax()
            let part = try start.klDivergence(to: now).sum() * (1 / Double(count))
            sum += try part.detached().item()
            try (part * weight).backward()
        }
        return sum
    }

    /// Adds the gradient of the rows' loss per token to the leaves.
    ///
    /// - Returns: the loss.
    func lower(_ rows: [ForcedRow]) throws -> Double {
        let count = rows.reduce(0) { $0 + $1.reads.count }
        let student = try model.applying(trained.patch)
        var sum = 0.0
        for batch in try rows.batches(tokenBudget: settings.tokenBudget) {
            let logits = try student.logits(Forward(batch.tokens, logits: .at(batch.reads)))
            let part = try batch.losses(logits).sum() * (1 / Double(max(count, 1)))
            sum += try part.detached().item()
            try part.backward()
        }
        return sum
    }

    /// Adds the gradient of λ/2 ‖change‖² to the leaves.
    func shrink(_ lambda: Double) throws {
        guard lambda > 0 else { return }
        for leaf in trained.leaves { try (leaf.square().sum() * (lambda / 2)).backward() }
    }

    /// One step from the gradients in the leaves, and forgets them.
    func step(_ step: Int, of total: Int, loss: Double) throws {
        guard loss.isFinite else {
            throw SutureError(
                .failedPrecondition, "the loss of step \(step) is \(loss)",
                hint: "lower lr, or load the model in float32")
        }
        if settings.clip > 0 { _ = try trained.clipGradients(to: settings.clip) }
        try optimizer.setLearningRate(settings.rate(step, of: total))
        try optimizer.step()
        try optimizer.zeroGradients()
    }
}
