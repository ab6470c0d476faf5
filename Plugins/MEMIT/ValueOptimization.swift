// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Finds the value v = h0 + delta at the lookup token under which the model says what it shall say.
///
/// Delta is a free vector per case, added to the stream behind the edited layer at the lookup token of each of the
/// case's rows, and optimised by Adam against
///
///     mean NLL + kl_factor · KL(edited ‖ unedited) + v_weight_decay · |delta| / |h0|²
///
/// Meng et al. 2023, §4.2; the decay as in the published code (norm over squared norm). Cases are independent: many are
/// optimised at once, since Adam works element by element, and a case that has finished is frozen.
///
/// Cost per step: the layers above the edited one, on the tokens from the lookup on, forward and backward.
struct ValueOptimization {
    /// A case is done when its loss is below this. From the published code.
    private static let goodEnough = 0.05

    /// What v is a value of: MEMIT takes the residual stream behind the layer, ROME the MLP's output. Delta has the
    /// same effect on either, since the stream is the sum of what the blocks add.
    var site: Site
    var layer: Int
    var settings: ValueSettings
    var objectives: [any ValueObjective]

    /// The values of cases, `[case, dModel]`, float32.
    ///
    /// Cases are cut into chunks by their lengths alone. A finished chunk is kept in the session's store, so that a run
    /// that was killed goes on with the same numbers.
    func values(for cases: [EditCase], _ model: Model, in session: Session) throws -> Tensor {
        let rows = try cases.map { editCase in try objectives.flatMap { try $0.rows(for: editCase, model) } }
        var values: [Tensor] = []
        var done = 0
        for chunk in ValueOptimization.chunks(rows, tokenBudget: settings.tokenBudget) {
            try session.progress("values", done, of: cases.count)
            let key = "\(site)/\(cases[chunk.lowerBound].index)-\(cases[chunk.upperBound - 1].index)"
            if let stored = try session.stored(key) {
                values.append(try stored.cast(device: model.info.device))
            } else {
                let value = try optimize(Array(rows[chunk]), names: cases[chunk].map(\.id), model) {
                    try session.progress("values", done, of: cases.count)
                }
                try session.store(key, value)
                values.append(value)
            }
            done = chunk.upperBound
        }
        try session.progress("values", done, of: cases.count)
        return try Tensor.concatenated(values)
    }

    /// Consecutive cases of at most `tokenBudget` tokens, padding counted; a larger case is alone.
    static func chunks(_ cases: [[ValueRow]], tokenBudget: Int) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var start = 0
        var rows = 0
        var width = 0
        for (i, added) in cases.enumerated() {
            let longest = max(width, added.map(\.tokens.count).max() ?? 0)
            if i > start && (rows + added.count) * longest > tokenBudget {
                chunks.append(start..<i)
                (start, rows, width) = (i, added.count, added.map(\.tokens.count).max() ?? 0)
            } else {
                (rows, width) = (rows + added.count, longest)
            }
        }
        if start < cases.count { chunks.append(start..<cases.count) }
        return chunks
    }

    /// Optimises some cases at once: `[case, dModel]`, float32.
    func optimize(
        _ cases: [[ValueRow]], names: [String], _ model: Model, willStep: () throws -> Void
    ) throws -> Tensor {
        let lossLayer = max(settings.lossLayer ?? model.info.layerCount - 1, layer)
        var (batch, initial) = try ValueBatch.run(cases, value: site, layer: layer, lossLayer: lossLayer, model)
        let norm = try initial.norm(1)
        let decay = try settings.weightDecay / norm.square()
        let radius = try (settings.clampFactor * norm).unsqueezed(1)

        let delta = try Tensor.zeros(initial.shape, device: initial.device).leaf()
        let adam = try Optimizer(.adam(learningRate: settings.learningRate), leaves: [delta])
        var active = Set(cases.indices)
        for step in 0..<settings.steps {
            try willStep()
            let loss =
                try batch.loss(delta, divergenceFactor: settings.divergenceFactor, model) + decay * delta.norm(1)
            let numbers = try loss.scalars(as: Double.self)
            for i in active where !numbers[i].isFinite {
                throw SutureError(
                    .failedPrecondition, "case \(names[i]): the loss of the value optimisation is \(numbers[i])",
                    hint: "lower v_lr, or load the model in float32")
            }
            let finished = active.filter { numbers[$0] < ValueOptimization.goodEnough }
            if !finished.isEmpty { active.subtract(finished) }
            if active.isEmpty || step == settings.steps - 1 { break }

            try adam.zeroGradients()
            try loss.sum().backward()
            let before = try delta.detached().clone()
            try adam.step()
            let stepped = try delta.detached()
            let projected = try stepped * (radius / stepped.norm(1, keepsDimensions: true)).minimum(1)
            // What a finished case's moments still do to it is undone.
            let moves = try Tensor(cases.indices.map(active.contains), device: delta.device).unsqueezed(1)
            try delta.assign(from: moves.choose(projected, before))
            if !finished.isEmpty { batch = try batch.restricted(to: active) }
        }
        return try initial + delta.detached()
    }
}
