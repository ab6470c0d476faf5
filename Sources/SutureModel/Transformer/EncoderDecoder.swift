// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// An encoder and a decoder: one forward pass over rows that hold both (``RowDivision``).
///
/// The encoder reads the source, in which each token sees all others. The decoder reads its own tokens, each of which sees
/// those before it and the encoder's output. There are logits at the decoder's tokens alone. What it computes equals
/// transformers' numbers; no weight is folded. Sites, truncated passes and projections are not offered.
public struct EncoderDecoder: Network {
    /// The dimensions, and what distinguishes the family.
    public let configuration: ModelConfiguration
    /// The weights that a pass reads.
    public let weights: ModelWeights
    private let division: RowDivision
    private let tokensWithoutRow: [Int: String]
    private let encoder: EncoderConfiguration
    private let embedding: Tensor
    private let encoderBlocks: [BlockWeights]
    private let encoderNorm: NormWeights
    private let encoderBias: RelativePositionBias
    private let decoderBlocks: [(block: BlockWeights, cross: CrossAttentionWeights)]
    private let decoderNorm: NormWeights
    private let decoderBias: RelativePositionBias
    private let head: Linear

    /// Looks up the tensors that every pass needs. Copies none of them.
    ///
    /// - Parameters:
    ///   - encoder: the configuration's.
    ///   - tokensWithoutRow: the texts of tokens that are named when a pass has one that the embedding lacks.
    ///   - division: where rows divide.
    /// - Throws: what ``ModelWeights`` throws when it lacks a tensor that the configuration asks for.
    init(
        _ configuration: ModelConfiguration, _ encoder: EncoderConfiguration, _ weights: ModelWeights,
        tokensWithoutRow: [Int: String] = [:], division: RowDivision
    ) throws(SutureError) {
        self.configuration = configuration
        self.encoder = encoder
        self.weights = weights
        self.division = division
        self.tokensWithoutRow = tokensWithoutRow
        let c = configuration
        let parts = encoder.description
        embedding = try weights.tensor(weights.embeddingName)
        var encoderBlocks: [BlockWeights] = []
        for layer in 0..<encoder.layerCount {
            encoderBlocks.append(try BlockWeights(layer, c, weights, names: parts.names))
        }
        self.encoderBlocks = encoderBlocks
        var decoderBlocks: [(block: BlockWeights, cross: CrossAttentionWeights)] = []
        for layer in 0..<c.layerCount {
            let cross = try CrossAttentionWeights(layer, parts, c.architecture.norm, weights)
            decoderBlocks.append((try BlockWeights(layer, c, weights), cross))
        }
        self.decoderBlocks = decoderBlocks
        encoderNorm = try weights.norm(parts.names.finalNorm, c.architecture.norm)
        decoderNorm = try weights.norm(c.architecture.names.finalNorm, c.architecture.norm)
        func bias(_ name: String, isCausal: Bool) throws(SutureError) -> RelativePositionBias {
            let table = try weights.tensor(weights.prefix + name + ".weight")
            return try RelativePositionBias(encoder, table: table, isCausal: isCausal)
        }
        encoderBias = try bias(parts.positions.encoderTable, isCausal: false)
        decoderBias = try bias(parts.positions.decoderTable, isCausal: true)
        head = Linear(
            weight: weights.tiesHead ? embedding : try weights.tensor(weights.headName + ".weight"), bias: nil)
    }

    /// The same computation over other weights.
    public func with(_ weights: ModelWeights) throws(SutureError) -> EncoderDecoder {
        try EncoderDecoder(
            configuration, encoder, weights, tokensWithoutRow: tokensWithoutRow, division: division)
    }

    /// No site is offered, so there are none.
    public var projectionCount: Int { 0 }

    /// Nil, as there are none.
    public func projection(at index: Int) -> Projection? { nil }

    /// Runs a pass. `pass.past` is ignored here: the cache comes as `past`.
    ///
    /// Without a past, each row begins with its source; positions of logits count from there. With one, the rows go on with
    /// tokens of the decoder. Cost: one run of the encoder where there is no past, and one of the decoder over all that it
    /// has said, with or without a past.
    ///
    /// - Throws: `unimplemented` for what is not offered; `invalidArgument` for a row that nothing divides and for logits
    ///   within a source; `outOfRange` for positions that do not exist and for rows that are too long.
    public func run(
        _ pass: Forward, past: KeyValues?
    ) throws(SutureError) -> (output: ForwardOutput, cache: KeyValues?) {
        let rows = try tokens(of: pass)
        var encoded: EncodedRows
        // Where the first token of the decoder is in each row of the pass, and which of its tokens that is.
        let starts: [Int]
        let before: [Int]
        if let past {
            guard let known = past.encoded, known.said.count == rows.count else {
                throw SutureError(
                    .invalidArgument, "the cache has \(past.lengths.count) rows, the pass \(rows.count)",
                    hint: "select the rows of the cache")
            }
            encoded = known
            (starts, before) = (rows.map { _ in 0 }, known.said.map(\.count))
            encoded.said = zip(known.said, rows).map { $0 + $1 }
        } else {
            starts = try sourceLengths(of: rows)
            before = rows.map { _ in 0 }
            let sources = zip(rows, starts).map { Array($0.prefix($1)) }
            encoded = EncodedRows(
                source: try encode(sources), sourceLengths: starts,
                said: zip(rows, starts).map { Array($0.dropFirst($1)) })
        }
        if let longest = encoded.lengths.max(), longest > configuration.contextLength {
            throw SutureError(
                .outOfRange, "\(longest) tokens do not fit a row, which holds \(configuration.contextLength)",
                hint: "shorten the text")
        }
        var output = ForwardOutput(logits: nil, cache: nil, captures: [])
        if let reads = try reads(pass.logits, rows: rows, starts: starts, before: before) {
            let logits = try self.logits(encoded, at: reads)
            if case .all = pass.logits {
                output.logits = try logits.reshaped(rows.count, -1, configuration.vocabulary)
            } else {
                output.logits = logits
            }
        }
        return (output, pass.keepsCache ? encoded.cache : nil)
    }

    // MARK: - Stacks

    /// The encoder's output for sources, `[batch, source, dModel]`, padded on the right.
    private func encode(_ sources: [[Int]]) throws(SutureError) -> Tensor {
        let (tokens, mask) = try batch(sources)
        var stream = try embedding.embedding(tokens)
        let width = tokens.shape[1]
        var bias = try encoderBias(queries: width, keys: width)
        if let mask { bias = try mask.choose(bias, hidden(bias)) }
        for block in encoderBlocks {
            let input = try normed(stream, block.attentionNorm)
            stream = try stream + attend(block.queryKeyValue, input, input, mask: bias, block.attentionOutput)
            stream = try stream + neurons(block, stream)
        }
        return try normed(stream, encoderNorm)
    }

    /// The logits after some of the decoder's tokens, `[n, vocabulary]`, float32 or wider.
    private func logits(_ rows: EncodedRows, at reads: TokenPositions) throws(SutureError) -> Tensor {
        let (tokens, _) = try batch(rows.said)
        let source = try KeyValues.prefixMask(IntegerVector(rows.sourceLengths), width: rows.source.shape[1])
        let sourceMask = try source?.cast(device: embedding.device).unsqueezed(1).unsqueezed(1)
        var stream = try embedding.embedding(tokens)
        let width = tokens.shape[1]
        var bias = try decoderBias(queries: width, keys: width)
        // Padding is on the right, where no token looks.
        let causal = try Tensor.ones([width, width], dtype: .bool, device: embedding.device).triangle()
        bias = try causal.choose(bias, hidden(bias))
        for (block, cross) in decoderBlocks {
            let input = try normed(stream, block.attentionNorm)
            stream = try stream + attend(block.queryKeyValue, input, input, mask: bias, block.attentionOutput)
            let query = try normed(stream, cross.norm)
            stream = try stream + attend(cross.queryKeyValue, query, rows.source, mask: sourceMask, cross.output)
            stream = try stream + neurons(block, stream)
        }
        var output = try normed(stream, decoderNorm).pick(reads)
        if encoder.scalesOutput { output = try output / Double(configuration.dModel).squareRoot() }
        let logits = try head(output)
        return try logits.cast(to: logits.dtype.widened)
    }

    /// Rows as int64 `[batch, position]`, and which tokens count, bool `[batch, 1, 1, position]`; nil: all.
    private func batch(_ rows: [[Int]]) throws(SutureError) -> (tokens: Tensor, mask: Tensor?) {
        let batch = try TokenBatch(rows, device: embedding.device)
        let mask = try KeyValues.prefixMask(batch.lengths, width: batch.tokens.shape[1])
        return (batch.tokens, try mask?.cast(device: embedding.device).unsqueezed(1).unsqueezed(1))
    }

    /// What attention adds to the score of a token that is not seen.
    private func hidden(_ bias: Tensor) throws(SutureError) -> Tensor {
        try Tensor.full([], -.infinity, dtype: bias.dtype, device: bias.device)
    }

    private func normed(_ x: Tensor, _ norm: NormWeights?) throws(SutureError) -> Tensor {
        guard let norm else { return x }
        return try norm(x, configuration.architecture.norm, epsilon: configuration.epsilon)
    }

    /// What attention adds to the stream. The scores are not divided by √`dHead`: T5 has that in its initialisation.
    ///
    /// - Parameters:
    ///   - queries: `[batch, position, dModel]`
    ///   - keys: what keys and values read, `[batch, key, dModel]`.
    ///   - mask: added to the scores, or bool: true is seen.
    private func attend(
        _ projections: [Linear], _ queries: Tensor, _ keys: Tensor, mask: Tensor?, _ output: Linear
    ) throws(SutureError) -> Tensor {
        let c = configuration
        func heads(_ x: Tensor) throws(SutureError) -> Tensor {
            try x.reshaped(x.shape[0], x.shape[1], c.headCount, c.dHead).transposed(1, 2)
        }
        let query = try heads(projections[0](queries))
        let seen = try query.attention(
            key: heads(projections[1](keys)), value: heads(projections[2](keys)), mask: mask, scale: 1)
        return try output(seen.transposed(1, 2).reshaped(queries.shape[0], queries.shape[1], c.headCount * c.dHead))
    }

    /// What the MLP of a block adds to the stream.
    private func neurons(_ block: BlockWeights, _ stream: Tensor) throws(SutureError) -> Tensor {
        let x = try normed(stream, block.mlpNorm)
        guard case .dense(let input, let down) = block.mlp else {
            throw SutureError(.internal, "a block of an encoder–decoder model has experts")
        }
        let first = try configuration.activation(input[0](x))
        return try down(input.count > 1 ? first * input[1](x) : first)
    }

    // MARK: - Checks

    /// The tokens of a pass, row by row, without padding.
    private func tokens(of pass: Forward) throws(SutureError) -> [[Int]] {
        let hint = "train weights, for example by tnt, or use a decoder-only model"
        if let capture = pass.captures.first {
            throw configuration.notOffered("captures (here at \(capture.site))", hint: hint)
        }
        if let intervention = pass.interventions.first {
            throw configuration.notOffered("interventions (here at \(intervention.site))", hint: hint)
        }
        guard pass.layers.map({ $0 == 0..<configuration.layerCount }) ?? true else {
            throw configuration.notOffered("passes through some of the layers", hint: hint)
        }
        guard case .tokens(let batch) = pass.input else {
            throw configuration.notOffered("passes from a residual", hint: hint)
        }
        let shape = batch.tokens.shape
        guard shape.count == 2, shape[0] == batch.lengths.count,
            batch.lengths.allSatisfy({ $0 > 0 && $0 <= shape[1] })
        else {
            throw SutureError(
                .invalidArgument, "the lengths \(batch.lengths) do not fit tokens of the shape \(shape)")
        }
        try configuration.checkTokens(batch.tokens, naming: tokensWithoutRow)
        let flat = try batch.tokens.scalars(as: Int.self)
        return batch.lengths.enumerated().map { row, length in
            Array(flat[row * shape[1]..<row * shape[1] + length])
        }
    }

    private func sourceLengths(of rows: [[Int]]) throws(SutureError) -> [Int] {
        var lengths: [Int] = []
        for (number, row) in rows.enumerated() {
            guard let length = division.sourceLength(of: row) else {
                throw SutureError(
                    .invalidArgument,
                    "row \(number) has no place where the token \(division.start), with which the decoder begins, follows "
                        + "\(division.end), which ends a source", hint: "encode the source with special tokens added")
            }
            lengths.append(length)
        }
        return lengths
    }

    /// The decoder's tokens after which logits are wanted; nil where none are.
    ///
    /// - Parameters:
    ///   - starts: the position in each row at which the decoder's tokens begin.
    ///   - before: how many tokens of the decoder came before this pass.
    private func reads(
        _ wanted: Forward.Logits, rows: [[Int]], starts: [Int], before: [Int]
    ) throws(SutureError) -> TokenPositions? {
        func place(_ row: Int, _ position: Int) -> TokenIndex {
            TokenIndex(row: row, position: before[row] + position - starts[row])
        }
        switch wanted {
        case .none: return nil
        case .last: return TokenPositions(rows.indices.map { place($0, rows[$0].count - 1) })
        case .all:
            guard starts.allSatisfy({ $0 == 0 }) else {
                throw SutureError(
                    .invalidArgument,
                    "there are logits at the decoder's tokens alone, and the rows begin with a source",
                    hint: "choose positions from the one on with which the decoder begins")
            }
            // Beyond the end of a row, its last token is read again.
            let width = rows.map(\.count).max() ?? 0
            return TokenPositions(
                rows.indices.flatMap { row in (0..<width).map { place(row, min($0, rows[row].count - 1)) } })
        case .chosen(let positions):
            for index in positions {
                guard rows.indices.contains(index.row), rows[index.row].indices.contains(index.position) else {
                    throw SutureError(
                        .outOfRange,
                        "logits were requested at position \(index.position) of row \(index.row), which is not there",
                        hint: "count from 0 and leave padding out")
                }
                guard index.position >= starts[index.row] else {
                    throw SutureError(
                        .invalidArgument,
                        "logits were requested at position \(index.position) of row \(index.row), where the source is; the decoder "
                            + "begins at \(starts[index.row])",
                        hint: "an encoder–decoder model predicts what the decoder says, and nothing of the source")
                }
            }
            return TokenPositions(positions.map { place($0.row, $0.position) })
        }
    }
}
