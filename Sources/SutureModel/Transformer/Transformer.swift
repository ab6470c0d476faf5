// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The decoder: one forward pass for every family, driven by its description.
///
/// What it computes equals transformers' numbers; no weight is folded. A pass may start from a residual, stop at a layer,
/// and compute logits at chosen positions only.
public struct Transformer: Sendable {
    /// The dimensions, and what distinguishes the family.
    public let configuration: ModelConfiguration
    /// The weights that a pass reads.
    public let weights: ModelWeights
    private let embedding: Tensor
    private let learnedPositions: Tensor?
    private let frequencies: Tensor?
    private let blocks: [Block]
    private let finalNorm: NormWeights
    private let head: Linear

    struct Block: Sendable {
        var attentionNorm: NormWeights
        var mlpNorm: NormWeights?
        /// One projection for all three, or three.
        var queryKeyValue: [Linear]
        var attentionOutput: Linear
        var gate: Linear?
        var up: Linear
        var down: Linear
    }

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
        let prefix = weights.prefix
        func norm(_ base: String) throws(SutureError) -> NormWeights {
            let hasBias = if case .layerNorm = c.architecture.norm { true } else { false }
            return NormWeights(
                weight: try weights.tensor(prefix + base + ".weight"),
                bias: hasBias ? try weights.tensor(prefix + base + ".bias") : nil)
        }
        embedding = try weights.tensor(weights.embeddingName)
        if case .learned(let base) = c.architecture.positions {
            learnedPositions = try weights.tensor(prefix + base + ".weight")
        } else {
            learnedPositions = nil
        }
        frequencies = try AttentionContext.frequencies(of: c)
        var blocks: [Block] = []
        for layer in 0..<c.layerCount {
            func at(_ template: String) -> String { Template.fill(template, with: String(layer)) }
            let bases =
                switch names.queryKeyValue {
                case .separate(let q, let k, let v): [q, k, v]
                case .fusedByPart(let base), .fusedByHead(let base): [base]
                }
            var queryKeyValue: [Linear] = []
            for base in bases {
                queryKeyValue.append(try weights.linear(at(base), hasBias: c.hasQueryKeyValueBias))
            }
            blocks.append(
                Block(
                    attentionNorm: try norm(at(names.attentionNorm)),
                    mlpNorm: try names.mlpNorm.map { n throws(SutureError) in try norm(at(n)) },
                    queryKeyValue: queryKeyValue,
                    attentionOutput: try weights.linear(at(names.attentionOutput), hasBias: c.hasAttentionOutputBias),
                    gate: try names.gate.map { g throws(SutureError) in
                        try weights.linear(at(g), hasBias: c.hasMLPBias)
                    },
                    up: try weights.linear(at(names.up), hasBias: c.hasMLPBias),
                    down: try weights.linear(at(names.down), hasBias: c.hasMLPBias)))
        }
        self.blocks = blocks
        finalNorm = try norm(names.finalNorm)
        head = Linear(
            weight: weights.tiesHead ? embedding : try weights.tensor(weights.headName + ".weight"),
            bias: c.hasHeadBias ? try weights.tensor(weights.headName + ".bias") : nil)
    }

    /// Runs a pass without a past.
    ///
    /// - Throws: sites, layers and positions that the model or the batch does not have; texts that are too long.
    public func run(_ pass: Forward) throws(SutureError) -> ForwardOutput { try run(pass, past: nil).output }

    /// Runs a pass. `pass.past` is ignored here: the cache comes as `past`.
    func run(_ pass: Forward, past: KeyValues?) throws(SutureError) -> (output: ForwardOutput, cache: KeyValues?) {
        let layers = pass.layers ?? 0..<configuration.layerCount
        let lengths = try checked(pass, layers, past)
        let wantsHead = layers.upperBound == configuration.layerCount
        let startsWithTokens = if case .tokens = pass.input { true } else { false }
        var taps = try SiteTaps(pass, rowLengths: lengths, sites: configuration.sites) { site in
            switch site.kind {
            case .embedding: startsWithTokens
            case .finalNorm: wantsHead
            case .logits: wantsHead && pass.logits.isAll
            default: site.layer.map(layers.contains) ?? false
            }
        }

        var stream: Tensor
        let context: AttentionContext
        switch pass.input {
        case .tokens(let batch):
            context = try AttentionContext(
                configuration, frequencies: frequencies, batch: lengths.count, width: batch.tokens.shape[1],
                past: past, dtype: embedding.dtype, device: embedding.device)
            stream = try embedding.embedding(batch.tokens.cast(device: embedding.device))
            if let learnedPositions {
                stream = try stream + learnedPositions.embedding(context.positionIDs)
            }
            stream = try taps.visit(.embedding, stream)
        case .residual(let residual, _):
            stream = try residual.cast(to: embedding.dtype, device: embedding.device)
            context = try AttentionContext(
                configuration, frequencies: frequencies, batch: lengths.count, width: residual.shape[1], past: past,
                dtype: embedding.dtype, device: embedding.device)
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

    /// Runs one block on the residual stream. Returns all keys and values, those of the past included.
    private func run(
        _ block: Block, _ layer: Int, _ stream: inout Tensor, _ taps: inout SiteTaps, _ context: AttentionContext,
        _ past: KeyValues?
    ) throws(SutureError) -> (key: Tensor, value: Tensor) {
        stream = try taps.visit(.residualIn(layer), stream)
        let normed = try normalized(stream, block.attentionNorm)
        let attentionInput = try taps.visit(.attentionInput(layer), normed)
        let (heads, keyValue) = try context.attend(
            block.queryKeyValue, attentionInput, past?.layers[layer], layer: layer, &taps)
        let headOutput = try taps.visit(.headOutput(layer), heads)
        let attention = try taps.visit(.attentionOutput(layer), block.attentionOutput(headOutput))
        let input: Tensor
        if configuration.isParallel {
            input = try block.mlpNorm.map { n throws(SutureError) in try normalized(stream, n) } ?? normed
            stream = try stream + attention
        } else {
            stream = try taps.visit(.residualMid(layer), stream + attention)
            input = try block.mlpNorm.map { n throws(SutureError) in try normalized(stream, n) } ?? stream
        }
        let mlpInput = try taps.visit(.mlpInput(layer), input)
        let activated: Tensor
        if let gate = block.gate {
            let gated = try taps.visit(.gate(layer), gate(mlpInput))
            activated = try activation(gated) * taps.visit(.up(layer), block.up(mlpInput))
        } else {
            activated = try activation(taps.visit(.up(layer), block.up(mlpInput)))
        }
        let neurons = try taps.visit(.neurons(layer), activated)
        let mlpOutput = try taps.visit(.mlpOutput(layer), block.down(neurons))
        stream = try taps.visit(.residualOut(layer), stream + mlpOutput)
        return keyValue
    }

    /// The logits that were asked for, float32 or wider: a softmax over a vocabulary must not be rounded to half precision.
    private func logits(
        _ wanted: Forward.Logits, _ stream: Tensor, _ lengths: IntegerVector, _ taps: inout SiteTaps
    ) throws(SutureError) -> Tensor? {
        let normed = try taps.visit(.finalNorm, normalized(stream, finalNorm))
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

    private func normalized(_ x: Tensor, _ norm: NormWeights) throws(SutureError) -> Tensor {
        switch configuration.architecture.norm {
        case .layerNorm:
            return try x.layerNorm(weight: norm.weight, bias: norm.bias, epsilon: configuration.epsilon)
        case .rmsNorm: return try x.rmsNorm(weight: norm.weight, epsilon: configuration.epsilon)
        }
    }

    private func activation(_ x: Tensor) throws(SutureError) -> Tensor {
        switch configuration.activation {
        case .gelu: try x.gelu()
        case .geluTanh: try x.geluTanh()
        case .silu: try x.silu()
        case .relu: try x.relu()
        }
    }

    /// Refuses tokens that the embedding has no row for, padding included.
    private func checkTokens(_ tokens: Tensor) throws(SutureError) {
        guard tokens.count > 0 else { return }
        let largest = try Int(tokens.max().item())
        let smallest = try Int(tokens.min().item())
        let rows = configuration.vocabulary
        guard largest >= rows || smallest < 0 else { return }
        let id = smallest < 0 ? smallest : largest
        let text = tokensWithoutRow[id].map { " \"\($0)\"" } ?? ""
        throw SutureError(
            .outOfRange, "the token\(text) with the id \(id) has no row in the model's embedding, which has \(rows)",
            hint: "leave the token out of the text, or resize the model's embedding in Python and train the new rows")
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
            try checkTokens(batch.tokens)
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
        let limit = min(c.contextLength, c.slidingWindow ?? c.contextLength)
        guard before + shape[1] <= limit else {
            let isWindow = limit < c.contextLength
            throw SutureError(
                .outOfRange,
                "\(before + shape[1]) tokens do not fit the model's \(isWindow ? "sliding window" : "context") of \(limit)",
                hint: isWindow ? "shorten the text; attention within a window is not computed" : "shorten the text")
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
