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
    enum Amount: String, CaseIterable {
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

    @Parameter("amount", choices: Amount.allCases.map(\.rawValue), help: "How many of the layers to select.")
    var amountName = Amount.quarter.rawValue

    @Parameter(
        "bypass", choices: MLPBypass.allCases.map(\.rawValue), help: "What a bypassed MLP gives: its input, or 0.")
    var bypassName = MLPBypass.identity.rawValue

    @Parameter(
        "scope", choices: LocationScope.allCases.map(\.rawValue),
        help: "What shares one selection, by mean scores: all cases, a case, or nothing (each failing token its own).")
    var scopeName = LocationScope.all.rawValue

    @Parameter(
        "batch_tokens", in: .positive, unit: "tokens",
        help: "Tokens that are run at once, padding counted. Changes speed and memory, not results.")
    var tokenBudget = 8192

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        let layers = model.info.layerCount
        let wanted = try WantedTokens.find(cases, tokenBudget: tokenBudget, model)
        let bypass = MLPBypass(rawValue: bypassName) ?? .identity
        let losses = try bypass.losses(wanted, tokenBudget: tokenBudget, model) {
            try session.progress("locate", $0, of: layers)
        }
        session.log(.info, "layer-occlusion: MLPs are bypassed by \(bypass == .identity ? "their input" : "0")")
        let count = (Amount(rawValue: amountName) ?? .quarter).count(of: layers)
        let scores = TokenScores(cases: cases, wanted: wanted)
        return scores.groups(LocationScope(rawValue: scopeName) ?? .all).flatMap { group in
            let means = losses.map { losses in
                group.members.reduce(0) { $0 + losses[$1] } / Double(group.members.count)
            }
            let chosen = Set(means.indices.sorted { (means[$0], $1) > (means[$1], $0) }.prefix(count))
            return means.enumerated().map { layer, mean in
                Location(
                    .neurons(layer), caseIndex: group.caseIndex, position: group.position, score: mean,
                    isSelected: chosen.contains(layer))
            }
        }
    }
}

/// What a layer gives whose MLP is left out.
enum MLPBypass: String, CaseIterable {
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
        var starts: [Int] = []
        var count = 0
        for row in wanted {
            starts.append(count)
            count += row.reads.count
        }
        var losses = layers.map { _ in [Double](repeating: 0, count: count) }
        for batch in TokenBatch.batches(ofLengths: wanted.map(\.tokens.count), budget: tokenBudget) {
            let rows = batch.map { wanted[$0] }
            let reads = rows.enumerated().flatMap { i, row in
                row.reads.map { TokenIndex(row: i, position: $0.position) }
            }
            let places = batch.flatMap { row in wanted[row].reads.indices.map { starts[row] + $0 } }
            let targets = try Tensor(rows.flatMap { $0.reads.map(\.target) }, device: model.info.device)
            try withoutGradients {
                var clean = Forward(try TokenBatch(rows.map(\.tokens)), logits: .none)
                clean.captures = layers.map { Capture(.residualIn($0)) } + layers.map { Capture(.mlpInput($0)) }
                let captured = try model.forward(clean).captures
                for layer in layers {
                    try willMeasure(layer)
                    var pass = Forward(
                        .residual(captured[layer], lengths: rows.map(\.tokens.count)),
                        layers: layer..<layers.upperBound, logits: .at(reads))
                    let action: Intervention.Action =
                        self == .zero ? .zero : .replace(captured[layers.count + layer])
                    pass.interventions = [Intervention(.mlpOutput(layer), action)]
                    guard let logits = try model.forward(pass).logits else {
                        throw SutureError(.internal, "the model returned no logits")
                    }
                    let found = try logits.cast(to: .float32).crossEntropy(targets, reduction: .none)
                        .scalars(as: Double.self)
                    for (place, loss) in zip(places, found) { losses[layer][place] = loss }
                }
            }
        }
        return losses
    }
}
