// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The decoder: one forward pass for every family without an encoder, driven by its description.
///
/// What it computes equals transformers' numbers; no weight is folded. A pass may start from a residual, stop at a layer,
/// and compute logits at chosen positions only.
public struct Transformer: Network {
    /// The dimensions, and what distinguishes the family.
    public let configuration: ModelConfiguration
    /// The weights that a pass reads.
    public let weights: ModelWeights
    private let embedding: Tensor
    private let learnedPositions: Tensor?
    private let frequencies: [RotaryFrequencies]
    private let blocks: [BlockWeights]
    private let finalNorm: NormWeights
    private let head: Linear

    /// Tokens of the tokenizer that have no row in the embedding, by id.
    let tokensWithoutRow: [Int: String]

    /// Looks up the tensors that every pass needs. Copies none of them.
    ///
    /// - Parameter tokensWithoutRow: the texts of tokens that are named when a pass has one that the embedding lacks.
    /// - Throws: what ``ModelWeights`` throws when it lacks a tensor that the configuration asks for.
    init(
        _ configuration: ModelConfiguration, _ weights: ModelWeights, tokensWithoutRow: [Int: String] = [:]
    ) throws(SutureError) {
        self.configuration = configuration
        self.weights = weights
        self.tokensWithoutRow = tokensWithoutRow
        let c = configuration
        let names = c.architecture.names
        embedding = try weights.tensor(weights.embeddingName)
        if case .learned(let base) = c.architecture.positions {
            learnedPositions = try weights.tensor(weights.prefix + base + ".weight")
        } else {
            learnedPositions = nil
        }
        var frequencies: [RotaryFrequencies] = []
        for rotary in c.rotaries { frequencies.append(try RotaryFrequencies(rotary)) }
        self.frequencies = frequencies
        var blocks: [BlockWeights] = []
        for layer in 0..<c.layerCount { blocks.append(try BlockWeights(layer, c, weights)) }
        self.blocks = blocks
        finalNorm = try weights.norm(names.finalNorm, c.architecture.norm)
        head = Linear(
            weight: weights.tiesHead ? embedding : try weights.tensor(weights.headName + ".weight"),
            bias: c.hasHeadBias ? try weights.tensor(weights.headName + ".bias") : nil)
    }

    /// The same computation over other weights.
    public func with(_ weights: ModelWeights) throws(SutureError) -> Transformer {
        try Transformer(configuration, weights, tokensWithoutRow: tokensWithoutRow)
    }

    /// Runs a pass. `pass.past` is ignored here: the cache comes as `past`.
    ///
    /// - Throws: sites, layers and positions that the model or the batch does not have; texts that are too long.
    public func run(_ pass: Forward, past: KeyValues?) throws(SutureError) -> (output: ForwardOutput, cache: KeyValues?)
    {
        let layers = pass.layers ?? 0..<configuration.layerCount
        let lengths = try checked(pass, layers, past)
        let wantsHead = layers.upperBound == configuration.layerCount
        let startsWithTokens = if case .tokens = pass.input { true } else { false }
        var taps = try SiteTaps(pass, rowLengths: lengths, sites: configuration.sites) { site throws(SutureError) in
            switch site.kind {
            case .embedding: return startsWithTokens
            case .finalNorm: return wantsHead
            case .logits: return wantsHead && pass.logits.isAll
            case .gate, .up, .neurons:
                if let layer = site.layer, let refusal = configuration.expertRefusal(of: site, in: layer) {
                    throw refusal
                }
                return site.layer.map(layers.contains) ?? false
            default: return site.layer.map(layers.contains) ?? false
            }
        }

        var stream: Tensor
        let context: AttentionContext
        switch pass.input {
        case .tokens(let batch):
            context = try self.context(lengths, width: batch.tokens.shape[1], past)
            stream = try taps.visit(.embedding, embedded(batch.tokens, context))
        case .residual(let residual, _):
            stream = try residual.cast(to: embedding.dtype, device: embedding.device)
            context = try self.context(lengths, width: residual.shape[1], past)
        }
        var kept: [Int: (key: Tensor, value: Tensor)] = [:]
        for layer in layers {
            let keyValue = try run(blocks[layer], layer, &stream, &taps, context, past)
            if pass.keepsCache { kept[layer] = keyValue }
        }
        var output = ForwardOutput(logits: nil, cache: nil, captures: [])
        if wantsHead { output.logits = try logits(pass.logits, stream, lengths, &taps) }
        output.captures = try taps.finish()
        guard pass.keepsCache else { return (output, nil) }
        return (output, try context.cache(kept, lengths: lengths))
    }

    private func context(
        _ lengths: IntegerVector, width: Int, _ past: KeyValues?
    ) throws(SutureError) -> AttentionContext {
        try AttentionContext(
            configuration, frequencies: frequencies, lengths: lengths, width: width, past: past, dtype: embedding.dtype,
            device: embedding.device)
    }

    /// The residual stream before the first block.
    private func embedded(_ tokens: Tensor, _ context: AttentionContext) throws(SutureError) -> Tensor {
        var stream = try embedding.embedding(tokens.cast(device: embedding.device))
        let scales = configuration.scales
        if scales.embeddingByRootOfWidth {
            // transformers rounds the factor to the type of the weights first.
            let root = Double(configuration.dModel).squareRoot()
            stream = try stream * Tensor.full([], root, dtype: stream.dtype, device: stream.device)
        }
        if let scale = scales.embedding { stream = try stream * scale }
        guard let learnedPositions else { return stream }
        return try stream + learnedPositions.embedding(context.positionIDs)
    }

    /// Runs one block on the residual stream. Returns all keys and values, those of the past included.
    private func run(
        _ block: BlockWeights, _ layer: Int, _ stream: inout Tensor, _ taps: inout SiteTaps,
        _ context: AttentionContext, _ past: KeyValues?
    ) throws(SutureError) -> (key: Tensor, value: Tensor) {
        stream = try taps.visit(.residualIn(layer), stream)
        let normed = try normalized(stream, block.attentionNorm) ?? stream
        let attentionInput = try taps.visit(.attentionInput(layer), normed)
        let (heads, keyValue) = try context.attend(block, attentionInput, past?.layers[layer], layer: layer, &taps)
        let headOutput = try taps.visit(.headOutput(layer), heads)
        let written = try taps.visit(.attentionOutput(layer), block.attentionOutput(headOutput))
        let attention = try added(written, block.normAfterAttention)
        let input: Tensor
        switch configuration.architecture.block {
        case .parallel:
            input = try normalized(stream, block.mlpNorm) ?? normed
            stream = try stream + attention
        case .serial:
            stream = try taps.visit(.residualMid(layer), stream + attention)
            input = try normalized(stream, block.mlpNorm) ?? stream
        }
        let mlpInput = try taps.visit(.mlpInput(layer), input)
        let output: Tensor
        switch block.mlp {
        case .dense(let input, let down):
            output = try down(taps.visit(.neurons(layer), neurons(input, mlpInput, layer, &taps)))
        case .experts(let experts): output = try experts(mlpInput)
        }
        let mlpOutput = try taps.visit(.mlpOutput(layer), output)
        stream = try taps.visit(.residualOut(layer), stream + added(mlpOutput, block.normAfterMLP))
        return keyValue
    }

    /// What attention or MLP adds to the stream.
    private func added(_ output: Tensor, _ norm: NormWeights?) throws(SutureError) -> Tensor {
        let normed = try normalized(output, norm) ?? output
        return try configuration.scales.residual.map { scale throws(SutureError) in try normed * scale } ?? normed
    }

    /// The activations of the MLP's neurons.
    private func neurons(
        _ projections: [Linear], _ input: Tensor, _ layer: Int, _ taps: inout SiteTaps
    ) throws(SutureError) -> Tensor {
        let projected = try projections[0](input)
        guard configuration.architecture.names.neuronInput.isGated else {
            return try configuration.activation(taps.visit(.up(layer), projected))
        }
        let width = configuration.dMLP
        let isFused = projections.count == 1
        let gate = try taps.visit(.gate(layer), isFused ? projected.sliced(2, 0..<width) : projected)
        let up = isFused ? try projected.sliced(2, width..<2 * width) : try projections[1](input)
        return try configuration.activation(gate) * taps.visit(.up(layer), up)
    }

    /// The logits that were asked for, float32 or wider: a softmax over a vocabulary must not be rounded to half precision.
    private func logits(
        _ wanted: Forward.Logits, _ stream: Tensor, _ lengths: IntegerVector, _ taps: inout SiteTaps
    ) throws(SutureError) -> Tensor? {
        let c = configuration
        let normed = try taps.visit(.finalNorm, finalNorm(stream, c.architecture.norm, epsilon: c.epsilon))
        func head(_ x: Tensor) throws(SutureError) -> Tensor {
            var logits = try self.head(x)
            if let divisor = c.scales.logitDivisor { logits = try logits / divisor }
            if let cap = c.scales.logitCap { logits = try (logits / cap).tanh() * cap }
            return logits
        }
        let logits: Tensor
        switch wanted {
        case .none: return nil
        case .all: logits = try taps.visit(.logits, head(normed))
        case .chosen(let positions): logits = try head(normed.pick(positions))
        case .last:
            // Rows of one token, as in every step of a generation, need no positions.
            if normed.shape[1] == 1 {
                logits = try head(normed.select(1, 0))
            } else {
                logits = try head(normed.pick(TokenPositions(atEndOf: lengths)))
            }
        }
        return try logits.cast(to: logits.dtype.widened)
    }

    /// Nil without a norm.
    private func normalized(_ x: Tensor, _ norm: NormWeights?) throws(SutureError) -> Tensor? {
        try norm.map { n throws(SutureError) in
            try n(x, configuration.architecture.norm, epsilon: configuration.epsilon)
        }
    }

    /// The real lengths of the rows, after the checks of what a pass asks for.
    private func checked(
        _ pass: Forward, _ layers: Range<Int>, _ past: KeyValues?
    ) throws(SutureError) -> IntegerVector {
        let c = configuration
        guard layers.lowerBound >= 0, layers.upperBound <= c.layerCount else {
            throw SutureError(
                .outOfRange, "the pass runs layers \(layers.lowerBound) ..< \(layers.upperBound) of \(c.layerCount)",
                hint: "layers count from 0")
        }
        let lengths: IntegerVector
        let shape: [Int]
        switch pass.input {
        case .tokens(let batch):
            guard layers.lowerBound == 0 else {
                throw SutureError(
                    .invalidArgument, "a pass from tokens starts at layer 0, not \(layers.lowerBound)",
                    hint: "give the residual that enters that layer")
            }
            (lengths, shape) = (batch.lengths, batch.tokens.shape)
            guard shape.count == 2 else {
                throw SutureError(.invalidArgument, "tokens must be [batch, position], the shape is \(shape)")
            }
            try c.checkTokens(batch.tokens, naming: tokensWithoutRow)
        case .residual(let residual, let rows):
            (lengths, shape) = (rows, residual.shape)
            guard shape.count == 3, shape[2] == c.dModel else {
                throw SutureError(
                    .invalidArgument, "a residual must be [batch, position, \(c.dModel)], the shape is \(shape)")
            }
        }
        guard shape[0] == lengths.count, lengths.allSatisfy({ $0 > 0 && $0 <= shape[1] }) else {
            throw SutureError(
                .invalidArgument, "the lengths \(lengths) do not fit \(shape[0]) rows of \(shape[1]) tokens")
        }
        let before = past?.lengths.max() ?? 0
        guard before + shape[1] <= c.contextLength else {
            throw SutureError(
                .outOfRange, "\(before + shape[1]) tokens do not fit the model's context of \(c.contextLength)",
                hint: "shorten the text")
        }
        if let past {
            guard past.lengths.count == shape[0], layers.allSatisfy({ past.layers[$0] != nil }) else {
                throw SutureError(
                    .invalidArgument,
                    "the cache has \(past.lengths.count) rows and \(past.layers.count) layers, the pass \(shape[0]) rows and the layers \(layers.lowerBound) ..< \(layers.upperBound)",
                    hint: "select the rows of the cache, and run the layers that it covers")
            }
        }
        return lengths
    }
}

extension Forward.Logits {
    fileprivate var isAll: Bool { if case .all = self { true } else { false } }
}
