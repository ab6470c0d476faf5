// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Correction by influence: of the training examples that promote unwanted texts and those that work against them, the latter
/// are made likelier than the former, while everything else is kept.
struct LANCET: InfluencePatcher {
    static let descriptor = ComponentDescriptor(
        id: "lancet", summary: "Trains on pairs of training examples that promote and counteract unwanted texts.",
        requires: [.prompt])

    /// How recalled examples are used.
    enum Mode: String, ParameterChoice { case pairwise, weighted }

    /// What an example's influence counts as beside that of others.
    enum Strength: String, ParameterChoice {
        /// Its rank, from -1, the most counteracting, to 1, the most promoting.
        case rank
        /// The influence itself, over its root mean square among the recalled.
        case standardized
    }

    let queries = QuerySettings()
    let recall = RecallSettings()
    let optimizer = OptimizerSettings()
    let development = DevelopmentSettings()

    @Parameter("mode", help: "Compare two examples (pairwise), or weigh each by its rank (weighted).")
    var mode = Mode.pairwise

    @Parameter(
        "strength", help: "What the influence of a recalled example counts as: its rank, or its standardized value.")
    var strength = Strength.rank

    @Parameter("potential", help: "The potential of the divergence between wanted and actual differences.")
    var potential = Potential.logistic

    @Parameter("beta", in: .positive, help: "The scale of likelihoods in the divergence.")
    var beta = 1.0

    @Parameter("kappa", in: .positive, help: "The scale of differences of strength in the divergence.")
    var kappa = 2.0

    @Parameter("gamma", in: .nonNegative, help: "The weight of KL(start || now) over all tokens of anchors.")
    var proximity = 1.0

    @Parameter("mu", in: .nonNegative, help: "The weight of the loss of counteracting examples, in mode pairwise.")
    var keep = 0.1

    @Parameter("lambda", in: .nonNegative, help: "The weight of half the squared change, in mode weighted.")
    var shrinkage = 0.0

    @Parameter("partners", in: .positive, help: "Partners of each recalled example, in mode pairwise.")
    var partners = 8

    @Parameter("min_gap", in: .nonNegative, help: "The least difference of strength in a pair.")
    var gap = 0.5

    @Parameter("rounds", in: .positive, help: "Times that queries and influence are found anew, and trained on.")
    var roundCount = 1

    func plan(_ recalled: Recalled, random: RandomNumbers) throws -> StepPlan {
        mode == .pairwise ? try pairPlan(recalled, random: random) : weightedPlan(recalled)
    }

    private func strengths(of recalled: Recalled) -> [Double] {
        strength == .rank ? recalled.ranks : recalled.standardized
    }

    private func pairPlan(_ recalled: Recalled, random: RandomNumbers) throws -> StepPlan {
        let pairs = try Pair.stratified(
            strengths: strengths(of: recalled), prompts: recalled.prompts, partners: partners, gap: gap, random: random)
        return StepPlan(itemCount: pairs.count) { items, training in
            let chosen = items.map { pairs[$0] }
            // Every example of the batch is run once.
            let places = Set(chosen.flatMap { [$0.harmful, $0.harmless] }).sorted()
            let place = Dictionary(uniqueKeysWithValues: places.enumerated().map { ($1, $0) })
            let local = chosen.compactMap { pair -> Pair? in
                guard let harmful = place[pair.harmful], let harmless = place[pair.harmless] else { return nil }
                return Pair(harmful: harmful, harmless: harmless, gap: pair.gap)
            }
            let kept = places.indices.filter { places[$0] < recalled.counteractingCount }
            var parts: [String: Double] = [:]
            _ = try training.backward(places.map { recalled.rows[$0] }) { values in
                let divergence = try Losses.pairs(local, values, beta: beta, kappa: kappa, potential: potential)
                parts["pairs"] = try divergence.detached().item()
                guard keep > 0, !kept.isEmpty else { return divergence }
                let loss = try values.now.indexSelect(0, kept).mean() * -keep
                parts["keep"] = try loss.detached().item()
                return try divergence + loss
            }
            return parts
        }
    }

    private func weightedPlan(_ recalled: Recalled) -> StepPlan {
        let all = strengths(of: recalled)
        return StepPlan(itemCount: recalled.rows.count) { items, training in
            let own = items.map { all[$0] }
            let loss = try training.backward(items.map { recalled.rows[$0] }, .floored(own.map { $0 > 0 })) {
                try Losses.weighted(strengths: own, $0)
            }
            try training.shrink(shrinkage)
            return ["weighted": loss]
        }
    }
}
