// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Layers without whose MLP the wanted token is least likely (Gu et al. 2026, the layer locator of STAR).
///
/// A layer's score is the cross-entropy of a wanted token, in nats, with the layer's MLP bypassed at every position.
/// The layers of highest score are selected, all neurons of each.
///
/// Cost: one pass, and for every layer the blocks from there on, over the rows of all cases.
struct LayerOcclusion: Locator {
    static let descriptor = ComponentDescriptor(
        id: "layer-occlusion", summary: "Measures how much the wanted tokens lose when a layer's MLP is bypassed.",
        requires: [.prompt])

    /// How many layers are selected.
    enum Amount: String, ParameterChoice {
        case all
        case threeQuarters = "3/4"
        case half = "2/4"
        case quarter = "1/4"
        case one

        /// Rounded down, but at least one.
        func count(of layers: Int) -> Int {
            switch self {
            case .all: layers
            case .threeQuarters: max(1, layers * 3 / 4)
            case .half: max(1, layers / 2)
            case .quarter: max(1, layers / 4)
            case .one: 1
            }
        }
    }

    @Parameter("amount", help: "How many of the layers to select.")
    var amount = Amount.quarter

    @Parameter("bypass", help: "What a bypassed MLP gives: its input, or 0.")
    var bypass = MLPBypass.identity

    @Parameter(
        "scope",
        help: "What shares one selection, by mean scores: all cases, a case, or nothing (each failing token its own).")
    var scope = LocationScope.all

    @Parameter(.batchTokens) var tokenBudget = 8192

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        let info = model.info
        let layers = info.layerCount
        let wanted = try WantedTokens.find(cases, tokenBudget: tokenBudget, model)
        let losses = try bypass.losses(wanted, tokenBudget: tokenBudget, model) {
            try session.progress("locate", $0, of: layers)
        }
        session.log(.info, "layer-occlusion: MLPs are bypassed by \(bypass == .identity ? "their input" : "0")")
        let count = amount.count(of: layers)
        let scores = TokenScores(cases: cases, wanted: wanted)
        return scores.groups(scope).flatMap { group in
            let means = losses.map { losses in
                group.members.reduce(0) { $0 + losses[$1] } / Double(group.members.count)
            }
            let chosen = Set(means.indices.sorted { (means[$0], $1) > (means[$1], $0) }.prefix(count))
            return means.enumerated().map { layer, mean in
                Location(
                    info.mlpSite(layer), caseIndex: group.caseIndex, position: group.position, score: mean,
                    isSelected: chosen.contains(layer))
            }
        }
    }
}

/// What a layer gives whose MLP is left out.
enum MLPBypass: String, ParameterChoice {
    /// Its input, the normed stream: as the authors' code has it.
    case identity
    /// Nothing.
    case zero

    /// −log p of every measured token with the MLP of one layer bypassed, in the order of ``TokenScores/places``.
    ///
    /// - Returns: `[layer][token]`.
    func losses(
        _ wanted: [WantedTokens], tokenBudget: Int, _ model: Model, willMeasure: (Int) throws -> Void
    ) throws -> [[Double]] {
        let layers = 0..<model.info.layerCount
        var losses = layers.map { _ in wanted.map { _ in [Double]() } }
        for batch in try wanted.map(\.row).batches(tokenBudget: tokenBudget) {
            try withoutGradients {
                var clean = Forward(batch.tokens, logits: .none)
                clean.captures = layers.map { Capture(.residualIn($0)) } + layers.map { Capture(.mlpInput($0)) }
                let captured = try model.forward(clean).captures
                for layer in layers {
                    try willMeasure(layer)
                    var pass = Forward(
                        .residual(captured[layer], lengths: batch.tokens.lengths),
                        layers: layer..<layers.upperBound, logits: .at(batch.reads))
                    let action: Intervention.Action =
                        self == .zero ? .zero : .replace(captured[layers.count + layer])
                    pass.interventions = [Intervention(.mlpOutput(layer), action)]
                    batch.store(try batch.losses(model.logits(pass)).scalars(), in: &losses[layer])
                }
            }
        }
        return losses.map { $0.flatMap { $0 } }
    }
}
