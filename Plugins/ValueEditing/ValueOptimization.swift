// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The values of cases, and how likely they make the new objects.
package struct OptimizedValues {
    /// For each site `[case, dModel]`, float32.
    package var values: [Tensor]
    /// The mean over the rows of the new object of their mean −log p, per case: without delta and with the final one.
    package var initialNLL: [Double]
    package var finalNLL: [Double]

    package init(values: [Tensor], initialNLL: [Double], finalNLL: [Double]) {
        self.values = values
        self.initialNLL = initialNLL
        self.finalNLL = finalNLL
    }
}

/// Finds the value v = h0 + delta at the lookup token under which the model says what it is to say.
///
/// Delta is a free vector per case, added in the edited layer at the lookup token of each of the case's rows, and
/// optimised by Adam against
///
///     f · mean NLL + kl_factor · KL(edited ‖ unedited) + v_weight_decay · |delta| / |h0|²
///
/// Meng et al. 2023, §4.2; the decay as in the published code (norm over squared norm). With several sites each has a
/// delta, a decay and a clamp of its own, and they share the optimiser (PMET). Cases are independent: many are
/// optimised at once, since Adam works element by element, and a case that has finished is frozen.
///
/// Cost per step: the layers above the edited one (with several sites, that one too), on the tokens from the lookup on,
/// forward and backward.
package struct ValueOptimization {
    /// How much the likelihood counts.
    package enum LikelihoodFactor {
        case constant
        /// `base`; a tenth of it after a step at which every token of the objects was the first choice, so that the
        /// divergence dominates. A case whose weighted divergence is at most 0.01 by then is done. Li et al. 2024.
        case adaptive(base: Double)

        var base: Double { if case .adaptive(let base) = self { base } else { 1 } }
        var isAdaptive: Bool { if case .adaptive = self { true } else { false } }
    }

    /// A case is done when its loss is below this. From the published code.
    private static let goodEnough = 0.05
    /// PMET's settings, from the published code.
    private static let firstChoiceShare = 0.1
    private static let smallDivergence = 0.01

    /// What v is a value of: MEMIT takes the residual stream after the layer, ROME the MLP's output, PMET attention's
    /// and the MLP's output.
    package var sites: [Site]
    package var layer: Int
    package var settings: ValueSettings
    package var objectives: [any ValueObjective]
    package var likelihoodFactor = LikelihoodFactor.constant

    package init(
        sites: [Site], layer: Int, settings: ValueSettings, objectives: [any ValueObjective],
        likelihoodFactor: LikelihoodFactor = .constant
    ) {
        self.sites = sites
        self.layer = layer
        self.settings = settings
        self.objectives = objectives
        self.likelihoodFactor = likelihoodFactor
    }

    /// The values of cases.
    ///
    /// Cases are cut into chunks by their lengths alone. A finished chunk is kept in the session's store, so that a run
    /// that was killed goes on with the same numbers.
    package func values(for cases: [EditCase], _ model: Model, in session: Session) throws -> OptimizedValues {
        let rows = try cases.map { editCase in try objectives.flatMap { try $0.rows(for: editCase, model) } }
        let anchor = settings.anchor == .original ? try session.original : nil
        if let lossLayer = settings.lossLayer, lossLayer < layer {
            session.log(.warning, "v_loss_layer \(lossLayer) is below the edited layer, so layer \(layer) is read")
        }
        // `[site, case, dModel + 2]`: the value, then the two likelihoods.
        var chunks: [Tensor] = []
        var done = 0
        for chunk in ValueOptimization.chunks(rows, tokenBudget: settings.tokenBudget) {
            try session.progress("values", done, of: cases.count)
            let name = sites.map(\.description).joined(separator: "+")
            let key = "\(name)/\(cases[chunk.lowerBound].index)-\(cases[chunk.upperBound - 1].index)"
            if let stored = try session.stored(key) {
                chunks.append(try stored.cast(device: model.info.device))
            } else {
                let chunkValues = try optimize(
                    Array(rows[chunk]), names: cases[chunk].map(\.id), model, anchor: anchor
                ) {
                    try session.progress("values", done, of: cases.count)
                }
                try session.store(key, chunkValues)
                chunks.append(chunkValues)
            }
            done = chunk.upperBound
        }
        try session.progress("values", done, of: cases.count)
        let all = try Tensor.concatenated(chunks, 1)
        let width = all.shape[2] - 2
        let scores = try all[0].sliced(1, width..<width + 2).scalars(as: Double.self)
        return OptimizedValues(
            values: try sites.indices.map { try all[$0].sliced(1, 0..<width) },
            initialNLL: cases.indices.map { scores[2 * $0] }, finalNLL: cases.indices.map { scores[2 * $0 + 1] })
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

    /// Optimises some cases at once: values and likelihoods, `[site, case, dModel + 2]`, float32.
    private func optimize(
        _ cases: [[ValueRow]], names: [String], _ model: Model, anchor: Model?, willStep: () throws -> Void
    ) throws -> Tensor {
        let lossLayer = max(settings.lossLayer ?? model.info.layerCount - 1, layer)
        func run(_ model: Model) throws -> (batch: ValueBatch, initial: Tensor) {
            try ValueBatch.run(cases, values: sites, layer: layer, lossLayer: lossLayer, model)
        }
        var (batch, initial) = try run(model)
        let device = initial.device
        let norm = try initial.norm(2)
        let decay = try settings.weightDecay / norm.square()
        var radius = try (settings.clampFactor * norm).unsqueezed(2)
        if let anchor {
            var (before, unedited) = try run(anchor)
            radius = try (settings.clampFactor * unedited.norm(2)).unsqueezed(2)
            _ = try withoutGradients { try before.loss(Tensor.zeros(initial.shape, device: device), anchor) }
            batch.reference = before.reference
        }

        let delta = try Tensor.zeros(initial.shape, device: device).leaf()
        let adam = try Optimizer(.adam(learningRate: settings.learningRate), leaves: [delta])
        var factors = [Double](repeating: likelihoodFactor.base, count: cases.count)
        var active = Set(cases.indices)
        var nll: (initial: [Double], final: [Double]) = ([], [Double](repeating: 0, count: cases.count))
        for step in 0..<settings.steps {
            try willStep()
            let terms = try batch.loss(delta, readsChoices: likelihoodFactor.isAdaptive, model)
            let factor = try Tensor(factors.map(Float.init), device: device)
            var loss = try factor * terms.likelihood + (decay * delta.norm(2)).sum(0)
            let divergence = try terms.divergence.map { try settings.divergenceFactor * $0 }
            if let divergence { loss = try loss + divergence }

            let none = try Tensor.zeros(loss.shape, device: device)
            let watched = try Tensor.stacked([loss, terms.rewrite, divergence ?? none]).scalars(as: Double.self)
            let count = cases.count
            if step == 0 { nll.initial = Array(watched[count..<2 * count]) }
            var finished: Set<Int> = []
            for i in active {
                guard watched[i].isFinite else {
                    throw SutureError(
                        .failedPrecondition, "case \(names[i]): the loss of the value optimisation is \(watched[i])",
                        hint: "lower v_lr, or load the model in float32")
                }
                nll.final[i] = watched[count + i]
                if watched[i] < ValueOptimization.goodEnough { finished.insert(i) }
                guard case .adaptive(let base) = likelihoodFactor else { continue }
                let isFirstChoice = terms.isFirstChoice[i]
                factors[i] = isFirstChoice ? ValueOptimization.firstChoiceShare * base : base
                if isFirstChoice && watched[2 * count + i] <= ValueOptimization.smallDivergence { finished.insert(i) }
            }
            active.subtract(finished)
            if active.isEmpty || step == settings.steps - 1 { break }

            try adam.zeroGradients()
            try loss.sum().backward()
            let before = try delta.detached().clone()
            try adam.step()
            let stepped = try delta.detached()
            let projected = try stepped * (radius / stepped.norm(2, keepsDimensions: true)).minimum(1)
            // What a finished case's moments still do to it is undone.
            let moves = try Tensor(cases.indices.map(active.contains), device: device).reshaped(1, count, 1)
            try delta.assign(from: moves.choose(projected, before))
            if !finished.isEmpty { batch = try batch.restricted(to: active) }
        }
        let scores = try Tensor(zip(nll.initial, nll.final).flatMap { [Float($0), Float($1)] }, device: device)
            .reshaped(1, cases.count, 2).expanded(sites.count, -1, -1)
        return try Tensor.concatenated([initial + delta.detached(), scores], 2)
    }
}
