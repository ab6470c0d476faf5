// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Neurons to which a wanted token's probability is due (Gu et al. 2026, the neuron locator of STAR and MINT).
///
/// A neuron's score is ‖z · ∂ log P / ∂z‖₂ over the positions of the context, z being the input of the down projection.
/// (For one token log P ranks as P does and does not underflow.) Scores of several tokens are each normed to sum 1 and
/// added. Exactly the k best of positive score are selected.
///
/// Cost: one pass forward and backward over one row per measured token, with the neurons of all layers kept.
struct NeuronAttribution: Locator {
    static let descriptor = ComponentDescriptor(
        id: "neuron-attribution", summary: "Scores neurons by activation times gradient of the wanted tokens.",
        requires: [.prompt])

    enum Measure: String, ParameterChoice {
        /// ‖z · ∂ log P / ∂z‖₂
        case attribution
        /// ‖z‖₂
        case activation
        /// Uniform random numbers.
        case random
    }

    /// Where the budget of `ratio` · dMLP neurons goes.
    enum Pattern: String, ParameterChoice {
        /// To the best of all layers.
        case global
        /// In equal parts to every layer.
        case even
        /// To the one layer whose MLP matters most, by bypassing.
        case layerWise = "layer-wise"
    }

    @Parameter("pattern", help: "Where the selected neurons may be.")
    var pattern = Pattern.global

    @Parameter(
        "ratio", in: .closed(0...1),
        help: "Selected neurons over the neurons of one layer. Published values are 1, 1/4, 1/16, 1/64, 1/256.")
    var ratio = 0.0625

    @Parameter(
        "count", in: .positive, unit: "neurons", help: "The number of selected neurons, instead of ratio; mint uses 10."
    )
    var count: Int?

    @Parameter("upper_half", help: "Select only neurons of the upper half of the layers, as mint requires.")
    var isUpperHalf = false

    @Parameter(
        "upper_layers", in: .positive, unit: "layers",
        help: "Select only neurons of this many layers from the top, instead of upper_half; more than there are: all.")
    var upperLayers: Int?

    @Parameter("score", help: "What a neuron is judged by.")
    var measure = Measure.attribution

    @Parameter("bypass", help: "layer-wise: what a bypassed MLP gives.")
    var bypass = MLPBypass.identity

    @Parameter(
        "scope",
        help: "What shares one selection: all cases, a case, or nothing (each failing token its own).")
    var scope = LocationScope.failure

    @Parameter(.batchTokens) var tokenBudget = 4096

    func validate() throws {
        guard !isUpperHalf || upperLayers == nil else {
            throw SutureError(
                .invalidArgument, "neuron-attribution: both upper_half and upper_layers are given",
                hint: "remove one of the two")
        }
        guard ratio > 0 else {
            throw SutureError(
                .invalidArgument, "neuron-attribution: ratio is 0", hint: "give a share of one layer's neurons")
        }
    }

    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        let model = try session.model
        let scores = TokenScores(
            cases: cases, wanted: try WantedTokens.find(cases, tokenBudget: tokenBudget, model))
        let groups = scores.groups(scope)
        let maps = try self.maps(scores, model, seed: try session.seed) {
            try session.progress("locate", $0, of: scores.places.count)
        }
        let losses =
            pattern == .layerWise
            ? try bypass.losses(scores.wanted, tokenBudget: tokenBudget, model) { _ in
                try session.progress("locate")
            } : []
        return try groups.flatMap { group in
            var sum = try Tensor.zeros([model.info.layerCount, model.info.dMLP])
            for member in group.members { sum = try sum + maps[member] }
            let critical = losses.map { losses in group.members.reduce(0) { $0 + losses[$1] } }
            let count = model.info.layerCount
            let first = upperLayers.map { max(0, count - $0) } ?? (isUpperHalf ? count / 2 : 0)
            let layers = Array(first..<count)
            return try select(sum, pattern, among: layers, critical: critical).map { layer, unit, score in
                Location(
                    .neurons(layer), caseIndex: group.caseIndex, position: group.position, unit: unit, score: score,
                    isSelected: true)
            }
        }
    }

    /// The best neurons of a map `[layer, dMLP]`.
    func select(
        _ map: Tensor, _ pattern: Pattern, among layers: [Int], critical: [Double]
    ) throws -> [(layer: Int, unit: Int, score: Double)] {
        let width = map.shape[1]
        let whole = count.map(Double.init) ?? ratio * Double(width)
        func best(_ layers: [Int], _ budget: Double) throws -> [(layer: Int, unit: Int, score: Double)] {
            let part = try map.indexSelect(0, layers).reshaped(-1)
            let k = min(max(1, Int(budget.rounded())), part.count)
            let (values, indices) = try part.topK(k)
            // All-zero scores would select anything.
            return zip(try values.scalars(as: Double.self), try indices.scalars(as: Int.self))
                .filter { $0.0 > 0 }.map { (layers[$1 / width], $1 % width, $0) }
        }
        switch pattern {
        case .global: return try best(layers, whole)
        case .even: return try layers.flatMap { try best([$0], whole / Double(layers.count)) }
        case .layerWise:
            guard let layer = layers.max(by: { critical[$0] < critical[$1] }) else { return [] }
            return try best([layer], whole)
        }
    }

    /// A map `[layer, dMLP]` of sum 1 for every measured token.
    func maps(
        _ scores: TokenScores, _ model: Model, seed: Int, willMeasure: (Int) throws -> Void
    ) throws -> [Tensor] {
        let info = model.info
        // The context of each token, which ends where the token is predicted.
        let contexts = scores.wanted.flatMap { wanted in wanted.reads.map { Array(wanted.tokens[...$0.position]) } }
        let targets = scores.wanted.flatMap { $0.reads.map(\.target) }
        guard measure != .random else {
            return try contexts.indices.map {
                try NeuronAttribution.normed(RandomNumbers(seed: seed + $0).uniform([info.layerCount, info.dMLP]))
            }
        }
        var maps = [Tensor?](repeating: nil, count: contexts.count)
        for batch in TokenBatch.batches(ofLengths: contexts.map(\.count), budget: tokenBudget) {
            try willMeasure(maps.count { $0 != nil })
            let rows = batch.map { contexts[$0] }
            let parts = try values(rows, batch.map { targets[$0] }, model)
                .map { try $0.cast(to: .float32).norm(1) }
            // [row, layer, dMLP]
            let norms = try Tensor.stacked(parts, 1).cast(device: .cpu)
            for (i, place) in batch.enumerated() { maps[place] = try NeuronAttribution.normed(norms[i]) }
        }
        return try maps.map {
            guard let map = $0 else { throw SutureError(.internal, "a token was not measured") }
            return map
        }
    }

    /// What a score is the norm of: by layer, `[row, position, dMLP]`, 0 at padding.
    private func values(_ rows: [[Int]], _ targets: [Int], _ model: Model) throws -> [Tensor] {
        let info = model.info
        let batch = try TokenBatch(rows)
        var start = Forward(batch, logits: .none)
        start.layers = 0..<0
        start.captures = [Capture(.embedding)]
        // A leaf under all layers, so that gradients are recorded.
        let stream = try withoutGradients { try model.forward(start) }.captures[0].leaf()
        var pass = Forward(
            .residual(stream, lengths: batch.lengths), layers: 0..<info.layerCount, logits: .last)
        pass.captures = (0..<info.layerCount).map { Capture(.neurons($0)) }
        let output = try model.forward(pass)
        let neurons = try output.captures.map { try $0.detached() }
        switch measure {
        case .attribution:
            let loss = try output.requireLogits().cast(to: .float32).crossEntropy(
                Tensor(targets, device: info.device), reduction: .sum)
            let gradients = try loss.gradients(of: output.captures)
            return try zip(neurons, gradients).map { z, gradient in try gradient.map { try z * $0 } ?? z * 0 }
        case .activation, .random:
            let width = rows.map(\.count).max() ?? 0
            let isReal = rows.flatMap { row in (0..<width).map { $0 < row.count ? Float(1) : 0 } }
            let mask = try Tensor(isReal, shape: [rows.count, width, 1], device: info.device)
            return try neurons.map { try $0 * mask }
        }
    }

    private static func normed(_ map: Tensor) throws -> Tensor {
        let sum = try map.sum()
        return try sum.item() > 0 ? map / sum : map
    }
}
