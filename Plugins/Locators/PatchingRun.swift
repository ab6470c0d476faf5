// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How much a distribution after the last token favours the answer.
enum PatchingMetric: String, ParameterChoice {
    /// The logit of the answer's first token, less that of another answer's.
    case logitDifference = "logit_difference"
    /// The mean probability of the answer's tokens, all from this distribution.
    case probability
    /// The log-probability of the answer's first token, in nats.
    case logProbability = "log_probability"

    /// `[n]`, of logits `[n, vocabulary]`. Gradients flow through it.
    func values(_ logits: Tensor, answer: [Int], foil: Int) throws(SutureError) -> Tensor {
        switch self {
        case .logitDifference: return try logits.select(1, answer[0]) - logits.select(1, foil)
        case .probability: return try logits.softmax().indexSelect(1, answer).mean(1)
        case .logProbability: return try logits.logSoftmax().select(1, answer[0])
        }
    }
}

/// Which of the two prompts is changed.
enum PatchingDirection: String, ParameterChoice {
    /// The prompt that lacks the answer (the composition) gets values of the one that has it: which are enough for the answer?
    case denoising
    /// The reverse: which are needed?
    case noising
}

/// A pair of prompts other than a composition and its guide.
enum PatchingContrast: String, ParameterChoice {
    /// The prompt, and the same prompt with the subject of another case.
    case swappedSubject = "swapped_subject"
}

/// A place whose value is exchanged.
struct PatchedPlace {
    var site: Site
    var position: Int
    /// The head, at a site that is patched head by head.
    var head: Int?
}

/// Two prompts, aligned from the right, one of which gets values of the other: a composition and its guide, or a prompt about
/// another subject and the prompt of a case.
struct PatchingRun {
    let target: PhrasedPrompt
    let source: PhrasedPrompt
    /// The metric of the two prompts as they are.
    let unpatched: Double
    let whole: Double
    let answer: [Int]
    /// The token that the answer competes with.
    let foil: Int

    private let targets: PatchedRuns
    private let sources: PatchedRuns
    private let metric: PatchingMetric
    private let info: Model.Info

    /// - Parameter kinds: the sites whose values are kept.
    init(
        _ prompts: AlignedPrompts, _ direction: PatchingDirection, _ metric: PatchingMetric, kinds: [Site.Kind],
        _ model: Model
    ) throws {
        (target, source) = direction == .denoising ? (prompts.prompt, prompts.guide) : (prompts.guide, prompts.prompt)
        (answer, self.metric, info) = (prompts.answer, metric, model.info)
        let sites = kinds.flatMap { kind in (0..<model.info.layerCount).map { Site(kind, layer: $0) } }
        sources = try PatchedRuns([source.tokens], keeping: sites, model)
        targets = try PatchedRuns([target.tokens], keeping: sites, model)
        let composition = direction == .denoising ? targets : sources
        if prompts.rival.isEmpty {
            let order = try composition.logits[0].topK(2).indices.scalars(as: Int.self)
            foil = order[0] == answer[0] ? order[1] : order[0]
        } else {
            foil = try model.continuation(of: prompts.prompt.text, by: prompts.rival).answer[0]
        }
        unpatched = try metric.values(targets.logits, answer: answer, foil: foil).scalars(as: Double.self)[0]
        whole = try metric.values(sources.logits, answer: answer, foil: foil).scalars(as: Double.self)[0]
    }

    /// What 1 stands for in a normalised effect.
    var gap: Double { whole - unpatched }

    /// Where a token of the target lies in the source; nil before its beginning.
    func inSource(_ position: Int) -> Int? {
        let aligned = position + source.tokens.count - target.tokens.count
        return aligned < 0 ? nil : aligned
    }

    /// Every place at some sites, at the tokens that both prompts have; heads one by one at ``Site/headOutput(_:)``.
    func places(_ kinds: [Site.Kind]) -> [PatchedPlace] {
        kinds.flatMap { kind in
            (0..<info.layerCount).flatMap { layer in
                target.tokens.indices.filter { inSource($0) != nil }.flatMap { position in
                    (kind == .headOutput ? (0..<info.headCount).map(Optional.some) : [nil]).map {
                        PatchedPlace(site: Site(kind, layer: layer), position: position, head: $0)
                    }
                }
            }
        }
    }

    /// The components of a place among those of its site; nil: all.
    func units(_ place: PatchedPlace) -> IntegerVector? {
        place.head.map { IntegerVector($0 * info.dHead..<($0 + 1) * info.dHead) }
    }

    /// (F patched − F unpatched) / gap of each place, by a run of its own.
    func effects(_ places: [PatchedPlace], tokenBudget: Int, willRun: () throws -> Void) throws -> [Double] {
        let cells = try places.map { place in
            let value = try sources.value(place.site, row: 0, position: inSource(place.position) ?? 0)
            return PatchedRuns.Cell(
                row: 0,
                changes: [
                    PatchedRuns.Change(site: place.site, position: place.position, units: units(place), value: value)
                ])
        }
        var effects = [Double](repeating: 0, count: places.count)
        try targets.run(cells, tokenBudget: tokenBudget, willRun: willRun) { batch, logits in
            let values = try metric.values(logits, answer: answer, foil: foil).scalars(as: Double.self)
            for (cell, value) in zip(batch, values) { effects[cell] = (value - unpatched) / gap }
        }
        return effects
    }

    /// The same to first order: ⟨source − target, ∂F/∂target⟩ / gap, from one pass with its gradient.
    func estimates(_ places: [PatchedPlace], _ model: Model) throws -> [Double] {
        var sites: [Site] = []
        for place in places where sites.last != place.site && !sites.contains(place.site) { sites.append(place.site) }
        let width = target.tokens.count
        let gradients = try withGradients {
            var pass = Forward(try TokenBatch([target.tokens]), logits: .last)
            let leaves = try sites.map { site in
                let size = try targets.value(site, row: 0, position: 0).shape[0]
                return try Tensor.zeros([1, width, size], dtype: info.dtype.widened, device: info.device).leaf()
            }
            pass.interventions = zip(sites, leaves).map { Intervention($0, .add($1)) }
            let value = try metric.values(model.logits(pass), answer: answer, foil: foil).sum()
            return try value.gradients(of: leaves)
        }
        let bySite = Dictionary(uniqueKeysWithValues: zip(sites, gradients))
        return try places.map { place in
            guard let all = bySite[place.site], let gradient = try all?[0][place.position].cast(to: .float64),
                let aligned = inSource(place.position)
            else { return 0 }
            let difference =
                try sources.value(place.site, row: 0, position: aligned).cast(to: .float64)
                - targets.value(place.site, row: 0, position: place.position).cast(to: .float64)
            let product = try difference * gradient
            let own = try units(place).map { try product.indexSelect(0, Array($0)) } ?? product
            return try own.sum().item() / gap
        }
    }
}
