// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Computes uncentred second moments E[x xᵀ] of a site over a text: all layers in one truncated pass.
///
/// Each line of a text is tokenised alone, without an added start token, and cut to `maxLength`. Every real position
/// counts, the first included. Products are summed in float32 or wider inside a batch, whatever the model's type, and as
/// ``MomentSum`` says over batches.
package struct SecondMomentPass {
    package let model: LanguageModel
    package let settings: Experiment.Statistics
    package let progress: (_ done: Int, _ total: Int) throws -> Void

    package init(
        model: LanguageModel, settings: Experiment.Statistics, progress: @escaping (Int, Int) throws -> Void
    ) {
        self.model = model
        self.settings = settings
        self.progress = progress
    }

    /// One moment per layer, float64 on the CPU.
    ///
    /// - Throws: an empty text; what progress throws.
    package func run(_ kind: Site.Kind, layers: [Int], lines: [String]) throws -> [SecondMoment] {
        try run(kind, layers: layers, rows: try tokens(lines))
    }

    /// The same for rows of tokens, each at least one.
    func run(_ kind: Site.Kind, layers: [Int], rows: [[Int]]) throws -> [SecondMoment] {
        let (sums, total) = try sums(kind, layers: layers, rows: rows)
        guard total > 0 else {
            throw RuntimeError(
                .file, "the statistics text \(settings.path ?? "of the model") holds no tokens",
                hint: "give a text with some lines")
        }
        return try sums.map { SecondMoment(matrix: try $0.value() / Double(total), tokenCount: total) }
    }

    /// The sums of x xᵀ, one for each layer, and how many tokens they are over.
    ///
    /// - Parameter shard: takes the batches of one share alone.
    /// - Returns: no sums where there are no tokens.
    func sums(
        _ kind: Site.Kind, layers: [Int], rows: [[Int]], of shard: Shard = .whole
    ) throws -> (sums: [MomentSum], tokens: Int) {
        let batches = SecondMomentPass.batches(rows, budget: settings.batchTokens).enumerated()
            .filter { shard.holds($0.offset) }.map(\.element)
        let total = batches.reduce(0) { $0 + $1.reduce(0) { $0 + rows[$1].count } }
        guard total > 0, let last = layers.max() else { return ([], 0) }
        var sums: [MomentSum] = []
        var done = 0
        try withoutGradients {
            for batch in batches {
                try progress(done, total)
                var pass = Forward(
                    .tokens(try TokenBatch(batch.map { rows[$0] })), layers: 0..<last + 1, logits: .none)
                let real = batch.enumerated().flatMap { place, row in
                    rows[row].indices.map { TokenIndex(row: place, position: $0) }
                }
                pass.captures = layers.map { Capture(Site(kind, layer: $0), at: real) }
                for (place, values) in try model.transformer.run(pass).captures.enumerated() {
                    let product = try MomentSum(try values.transposed().matmul(values), as: settings.dtype)
                    if place < sums.count { try sums[place].add(product) } else { sums.append(product) }
                }
                done += real.count
            }
        }
        try progress(total, total)
        return (sums, total)
    }

    /// Token rows of the text, cut to the length and, in order, to the token budget.
    func tokens(_ lines: [String]) throws -> [[Int]] {
        let limit = min(settings.maxLength, model.configuration.contextLength)
        var left = settings.maxTokens ?? .max
        var rows: [[Int]] = []
        for line in lines where left > 0 {
            let ids = try model.tokenizer.encode(line, addSpecialTokens: false).ids.prefix(min(limit, left))
            guard !ids.isEmpty else { continue }
            rows.append(Array(ids))
            left -= ids.count
        }
        return rows
    }

    /// Rows, in order, to the token budget.
    func cut(_ rows: [[Int]]) -> [[Int]] {
        var left = settings.maxTokens ?? .max
        return rows.compactMap { row in
            defer { left -= min(left, row.count) }
            return left > 0 ? Array(row.prefix(left)) : nil
        }
    }

    /// Rows of similar length together, each batch at most `budget` tokens with its padding. The order depends on the rows
    /// alone, so that the sums do, too.
    static func batches(_ rows: [[Int]], budget: Int) -> [[Int]] {
        var batches: [[Int]] = []
        var batch: [Int] = []
        var width = 0
        for row in rows.indices.sorted(by: { (rows[$0].count, $0) < (rows[$1].count, $1) }) {
            width = max(width, rows[row].count)
            if !batch.isEmpty && width * (batch.count + 1) > budget {
                batches.append(batch)
                batch = []
                width = rows[row].count
            }
            batch.append(row)
        }
        if !batch.isEmpty { batches.append(batch) }
        return batches
    }
}

/// One of some equal shares of the batches of a text.
package struct Shard: Sendable, Hashable, CustomStringConvertible {
    /// From 1 to ``count``.
    package let number: Int
    package let count: Int

    package static let whole = Shard(number: 1, count: 1)
    /// More than any cluster has processes.
    package static let most = 100_000

    private init(number: Int, count: Int) { (self.number, self.count) = (number, count) }

    /// "2/5"; nil for what is no share.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let number = parts[0], let count = parts[1], (1...Self.most).contains(count),
            (1...count).contains(number)
        else { return nil }
        self.init(number: number, count: count)
    }

    package var description: String { "\(number)/\(count)" }

    func holds(_ batch: Int) -> Bool { batch % count == number - 1 }
}
