// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Cuts the stream of training lines into batches of rows of equal length.
///
/// A row begins with a line, as prompts do when a model is asked; the end of text follows each line; what does not fit
/// is dropped.
struct TrainingBatches {
    /// One step's worth of text.
    struct Batch {
        /// `[row, position]`, int64.
        let inputs: Tensor
        /// `[row · position]`, int64: the token after each input.
        let targets: Tensor
        /// `[row · position]`, float32, of sum 1: what each target counts in the loss.
        let weights: Tensor
        /// `[row, 1, position, position]`, bool: from where (third axis) a token is seen (last axis) while blocks are
        /// separated.
        let separation: Tensor
    }

    private struct Row {
        var tokens: [Int] = []
        var weights: [Float] = []
        /// The number of subjects that ended before each token.
        var groups: [Int] = []
    }

    private let settings: TrainingSettings
    private let codec: BytePairCodec
    private var corpus: CorpusBuilder
    /// Tokens by piece; there are few different pieces.
    private var known: [String: [Int]] = [:]

    init(settings: TrainingSettings, codec: BytePairCodec, corpus: CorpusBuilder) {
        self.settings = settings
        self.codec = codec
        self.corpus = corpus
    }

    /// The batch of a step, from 0. Steps must come in order.
    mutating func next(step: Int) throws(SutureError) -> Batch {
        let isLong = step % settings.longRowPeriod == settings.longRowPeriod - 1
        let length = isLong ? 2 * settings.rowLength : settings.rowLength
        let rows = (0..<settings.tokensPerStep / length).map { _ in row(length: length) }
        let weights = rows.flatMap { $0.weights.dropFirst() }
        let total = weights.reduce(0, +)
        let groups = try Tensor(rows.flatMap { $0.groups.dropLast() }, shape: [rows.count, length])
        let causal = try Tensor.ones([length, length]).triangle().greater(0)
        return Batch(
            inputs: try Tensor(rows.flatMap { $0.tokens.dropLast() }, shape: [rows.count, length]),
            targets: try Tensor(rows.flatMap { $0.tokens.dropFirst() }),
            weights: try Tensor(weights.map { $0 / total }),
            separation: try groups.unsqueezed(2).equal(groups.unsqueezed(1)).and(causal).unsqueezed(1))
    }

    /// Tokens for `length` inputs and as many targets: one more.
    private mutating func row(length: Int) -> Row {
        var row = Row()
        var group = 0
        while row.tokens.count <= length {
            for piece in corpus.pieces() {
                let tokens = tokens(of: piece.text)
                let weight = piece.kind == .answer ? settings.answerWeight : settings.otherWeight
                row.tokens += tokens
                row.weights += Array(repeating: weight, count: tokens.count)
                row.groups += Array(repeating: group, count: tokens.count)
                if piece.kind == .subject { group += 1 }
            }
            row.tokens.append(BytePairCodec.endOfTextToken)
            row.weights.append(1)
            row.groups.append(group)
            group += 1
        }
        row.tokens.removeLast(row.tokens.count - length - 1)
        row.weights.removeLast(row.weights.count - length - 1)
        row.groups.removeLast(row.groups.count - length - 1)
        return row
    }

    private mutating func tokens(of text: String) -> [Int] {
        if let tokens = known[text] { return tokens }
        let tokens = codec.encode(text)
        known[text] = tokens
        return tokens
    }
}
