// SPDX-License-Identifier: Apache-2.0

import SutureKit
import ValueEditing

/// The compositions of some cases and their guides, each after every prefix, read layer by layer on the way up.
///
/// What enters a layer is kept, so that the next one is reached by running the blocks between the two alone.
struct PromptPairs {
    /// What the output projection of attention reads, a mean over prefixes: `[case, width]` each, float64.
    struct Keys {
        var composition: Tensor
        var guide: Tensor
    }

    /// Rows of similar length, with the stream that enters ``layer``.
    private struct Batch {
        /// Places among all rows.
        var rows: [Int]
        var tokens: TokenBatch
        var ends: TokenPositions
        /// `[row, position, dModel]`; nil before block 0.
        var stream: Tensor?
    }

    private let caseCount: Int
    private let prefixCount: Int
    private var batches: [Batch]
    private var layer = 0

    /// - Throws: `invalidArgument`, naming the case, where composition and guide end in different tokens, or the phrase or
    ///   bridge does not end at a token.
    init(
        _ cases: [EditCase], _ prefixes: [String], _ position: CREME.Position, tokenBudget: Int, _ model: Model
    ) throws {
        caseCount = cases.count
        prefixCount = prefixes.count
        let token: FactToken = position == .last ? .last : .subjectLast
        func row(_ prompt: SubjectPrompt, _ prefix: String, _ editCase: EditCase) throws -> SubjectLookup {
            try SubjectLookup(prompt.preceded(by: prefix), token: token, model: model, case: editCase.id)
        }
        var rows: [[Int]] = []
        var guides: [[Int]] = []
        for editCase in cases {
            guard let prompt = editCase.subjectPrompt else {
                throw SubjectLookup.noSlot(editCase.prompt, editCase.subject, editCase.id)
            }
            guard let guided = editCase.subjectGuide else {
                throw SubjectLookup.noSlot(editCase.secondHopPrompt, editCase.bridge, editCase.id)
            }
            for prefix in prefixes {
                let composition = try row(prompt, prefix, editCase)
                let guide = try row(guided, prefix, editCase)
                guard position == .subjectLast || composition.tokens.last == guide.tokens.last else {
                    throw SutureError(
                        .invalidArgument,
                        "creme: case \(editCase.id) is read at its last token, but \"\(editCase.filledPrompt)\" and "
                            + "\"\(editCase.guidePrompt)\" end in different tokens",
                        hint: "let both prompts end alike, or set position: subject_last")
                }
                rows.append(composition.tokensThroughLookup)
                guides.append(guide.tokensThroughLookup)
            }
        }
        rows += guides
        batches = try TokenBatch.batches(ofLengths: rows.map(\.count), budget: tokenBudget).map { batch in
            let tokens = try TokenBatch(batch.map { rows[$0] }, device: model.info.device)
            return Batch(rows: batch, tokens: tokens, ends: TokenPositions(atEndOf: tokens.lengths))
        }
    }

    /// What the projection of a layer reads. Layers are asked for in ascending order.
    mutating func keys(at next: Int, _ model: Model) throws -> Keys {
        try advance(to: next, model)
        var found: [(row: Int, key: Tensor)] = []
        for batch in batches {
            var pass = pass(from: batch, through: next..<next + 1)
            pass.captures = [Capture(.headOutput(next), at: batch.ends)]
            let keys = try model.forward(pass).captures[0]
            for (place, row) in batch.rows.enumerated() { found.append((row, try keys[place])) }
        }
        found.sort { $0.row < $1.row }
        let keys = try Tensor.stacked(found.map(\.key)).cast(to: .float64)
        let means = try keys.reshaped(2, caseCount, prefixCount, keys.shape[1]).mean(2)
        return Keys(composition: try means[0], guide: try means[1])
    }

    /// Runs the blocks up to a layer, on a model that the layers before it may have changed.
    private mutating func advance(to next: Int, _ model: Model) throws {
        guard next > layer else { return }
        for place in batches.indices {
            var pass = pass(from: batches[place], through: layer..<next)
            pass.captures = [Capture(.residualOut(next - 1))]
            batches[place].stream = try model.forward(pass).captures[0]
        }
        layer = next
    }

    private func pass(from batch: Batch, through layers: Range<Int>) -> Forward {
        let input =
            batch.stream.map { Forward.Input.residual($0, lengths: batch.tokens.lengths) } ?? .tokens(batch.tokens)
        return Forward(input, layers: layers, logits: .none)
    }
}
