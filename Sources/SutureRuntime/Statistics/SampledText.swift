// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// Text that the model writes itself, for statistics without a corpus: samples at temperature 1, each from the token that
/// begins a text. Equal settings give equal samples on one machine.
struct SampledText {
    /// Passages that are written at once. Each draws from a stream of its own, so that this changes nothing.
    private static let rowsAtOnce = 32
    private static let seed = 0

    /// How many passages, and how many tokens of each.
    var count: Int
    var length: Int

    /// What the samples are, besides the model.
    var identity: String { "sampled/2 \(count) \(length) \(Self.seed)" }

    /// The tokens of each passage, without those that begin and end it. A passage that ends at once is left out.
    ///
    /// - Throws: `usage` for a model without a token that begins or ends a text.
    func rows(
        of model: LanguageModel, progress: (_ done: Int, _ total: Int) throws -> Void
    ) throws -> [[Int]] {
        let beginning = model.tokenizer.bosTokenID ?? model.configuration.beginningToken
        guard let start = beginning ?? model.tokenizer.eosTokenID ?? model.endTokens.min() else {
            throw RuntimeError(
                .usage, "the model has no token from which a text could begin, so it cannot write one for statistics",
                hint: "give a text: statistics.path")
        }
        let ends = model.endTokens
        var rows: [[Int]] = []
        for first in stride(from: 0, to: count, by: Self.rowsAtOnce) {
            try progress(first, count)
            let numbers = Array(first..<min(first + Self.rowsAtOnce, count))
            let settings = Model.Generation(
                maxNewTokens: min(length, model.configuration.contextLength - 1), temperature: 1, seed: Self.seed,
                streams: numbers)
            for row in try model.generate(numbers.map { _ in [start] }, settings) {
                let text = row.last.map(ends.contains) == true ? Array(row.dropLast()) : row
                if !text.isEmpty { rows.append(text) }
            }
        }
        try progress(count, count)
        return rows
    }
}
