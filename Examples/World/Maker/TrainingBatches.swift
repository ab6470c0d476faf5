// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The stream of training lines, cut into batches of rows of equal length.
///
/// A row begins with a line, as prompts do when a model is asked; the end of text follows each line; what does not fit
/// is dropped.
///
/// All rows are cut before the training starts. Small things that stay, made between the large tensors that come and
/// go, would split the memory that those leave behind, and the process would grow with every step.
struct TrainingBatches {
    /// One step's worth of text.
    struct Batch {
        /// `[row, position]`, int64.
        let inputs: Tensor
        /// `[row · position]`, int64: the token after each input.
        let targets: Tensor
        /// `[row · position]`, float32, of sum 1: what each target counts in the loss.
        let weights: Tensor
        /// `[row, 1, position, position]`, bool: true where both tokens lie in one stretch between ends of subjects and
        /// the second (last axis) is not after the first.
        let separation: Tensor
        /// `[subject]`, int64: the last tokens of subjects of which a fact is told, as indices into `[row · position]`.
        let subjects: Tensor
        /// `[subject]`, int64: the first token of each one's object.
        let answers: Tensor
    }

    private struct Row {
        var tokens: [Int] = []
        var weights: [Float] = []
        /// The number of subjects and lines that ended before each token.
        var stretches: [Int] = []
        /// The last token of a subject, and the first of its object.
        var facts: [(subject: Int, answer: Int)] = []

        mutating func append(_ new: [Int], weight: Float, stretch: Int) {
            tokens += new
            weights += Array(repeating: weight, count: new.count)
            stretches += Array(repeating: stretch, count: new.count)
        }

        /// Keeps `count` tokens, all but the last of them inputs.
        mutating func cut(to count: Int) {
            tokens.removeLast(tokens.count - count)
            weights.removeLast(weights.count - count)
            stretches.removeLast(stretches.count - count)
            facts.removeAll { $0.subject >= count - 1 }
        }
    }

    /// Rows by step.
    private let steps: [[Row]]

    init(settings: TrainingSettings, codec: BytePairCodec, corpus: CorpusBuilder) {
        var corpus = corpus
        // Tokens by piece; most pieces come often.
        var known: [String: [Int]] = [:]
        steps = (0..<settings.steps).map { step in
            let isLong = step % settings.longRowPeriod == settings.longRowPeriod - 1
            let length = isLong ? 2 * settings.rowLength : settings.rowLength
            return (0..<settings.tokensPerStep / length).map { _ in
                Self.row(length: length, settings, codec, from: &corpus, &known)
            }
        }
    }

    /// The batch of a step, from 0.
    func batch(_ step: Int) throws(SutureError) -> Batch {
        let rows = steps[step]
        let length = rows[0].tokens.count - 1
        let weights = rows.flatMap { $0.weights.dropFirst() }
        let total = weights.reduce(0, +)
        let facts = rows.enumerated().flatMap { row, content in
            content.facts.map { (subject: row * length + $0.subject, answer: $0.answer) }
        }
        let stretches = try Tensor(rows.flatMap { $0.stretches.dropLast() }, shape: [rows.count, length])
        let before = try Tensor.ones([length, length]).triangle().greater(0)
        return Batch(
            inputs: try Tensor(rows.flatMap { $0.tokens.dropLast() }, shape: [rows.count, length]),
            targets: try Tensor(rows.flatMap { $0.tokens.dropFirst() }),
            weights: try Tensor(weights.map { $0 / total }),
            separation: try stretches.unsqueezed(2).equal(stretches.unsqueezed(1)).and(before).unsqueezed(1),
            subjects: try Tensor(facts.map(\.subject)),
            answers: try Tensor(facts.map(\.answer)))
    }

    /// Tokens for `length` inputs and as many targets: one more.
    private static func row(
        length: Int, _ settings: TrainingSettings, _ codec: BytePairCodec, from corpus: inout CorpusBuilder,
        _ known: inout [String: [Int]]
    ) -> Row {
        var row = Row()
        var stretch = 0
        while row.tokens.count <= length {
            var subject = 0
            for piece in corpus.pieces() {
                let tokens = known[piece.text] ?? codec.encode(piece.text)
                known[piece.text] = tokens
                if piece.kind == .answer { row.facts.append((subject, tokens[0])) }
                row.append(
                    tokens, weight: piece.kind == .answer ? settings.answerWeight : settings.otherWeight,
                    stretch: stretch)
                if piece.kind == .subject {
                    subject = row.tokens.count - 1
                    stretch += 1
                }
            }
            row.append([BytePairCodec.endOfTextToken], weight: settings.endWeight, stretch: stretch)
            stretch += 1
        }
        row.cut(to: length + 1)
        return row
    }
}
