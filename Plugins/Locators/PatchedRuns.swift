// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Prompts that were run once, so that any number of changes can be tried on them: each starts at the first layer that
/// it touches, from the stream that was kept.
struct PatchedRuns {
    /// A value in place of another, as wide as the site.
    struct Change {
        var site: Site
        var position: Int
        /// The components of the width that are changed; nil: all.
        var units: IntegerVector?
        var value: Tensor
    }

    /// One run of a prompt with some changes.
    struct Cell {
        /// Which prompt.
        var row: Int
        var changes: [Change]

        /// The first layer that has to be run.
        var start: Int { changes.map(\.start).min() ?? 0 }
    }

    /// The logits after the last token of each prompt, unchanged, `[row, vocabulary]`.
    let logits: Tensor
    /// Values at each prompt's tokens, by site, `[row, position, width]`.
    private let values: [Site: Tensor]
    /// By layer: the stream that enters it, `[row, position, dModel]`; one more for what leaves the last.
    private let streams: [Tensor]
    private let lengths: [Int]
    private let model: Model

    /// Runs the prompts once.
    ///
    /// - Parameters:
    ///   - sites: kept for ``value(_:row:position:)``.
    ///   - interventions: made in this run, and so in the streams that the cells start from; before block 0 alone.
    init(_ rows: [[Int]], keeping sites: [Site], with interventions: [Intervention] = [], _ model: Model) throws {
        let layers = 0..<model.info.layerCount
        self.model = model
        lengths = rows.map(\.count)
        let streamSites = layers.map { Site.residualIn($0) } + [.residualOut(layers.upperBound - 1)]
        var pass = Forward(try TokenBatch(rows), logits: .last)
        pass.captures = (streamSites + sites).map { Capture($0) }
        pass.interventions = interventions
        let output = try model.forward(pass)
        logits = try output.requireLogits()
        streams = Array(output.captures.prefix(streamSites.count))
        values = Dictionary(zip(sites, output.captures.dropFirst(streamSites.count)), uniquingKeysWith: { a, _ in a })
    }

    /// What a site held at a token.
    func value(_ site: Site, row: Int, position: Int) throws -> Tensor {
        guard let value = values[site] else { throw SutureError(.internal, "\(site) was not kept") }
        return try value[row][position]
    }

    /// Runs the cells and hands out the logits after their prompts, `[n, vocabulary]`, with the cells' numbers.
    ///
    /// - Parameter tokenBudget: tokens that are run at once.
    func run(
        _ cells: [Cell], tokenBudget: Int, willRun: () throws -> Void, take: ([Int], Tensor) throws -> Void
    ) throws {
        let perBatch = max(1, tokenBudget / (lengths.max() ?? 1))
        for (start, group) in Dictionary(grouping: cells.indices, by: { cells[$0].start }).sorted(by: {
            $0.key < $1.key
        }) {
            for first in stride(from: 0, to: group.count, by: perBatch) {
                try willRun()
                let batch = Array(group[first..<min(first + perBatch, group.count)])
                try take(batch, try logits(of: batch.map { cells[$0] }, from: start))
            }
        }
    }

    private func logits(of cells: [Cell], from start: Int) throws -> Tensor {
        var stream = try streams[start].indexSelect(0, cells.map(\.row))
        // Changes at one site and the same units go together.
        var groups: [(site: Site, units: IntegerVector?, changes: [(token: TokenIndex, value: Tensor)])] = []
        for (row, cell) in cells.enumerated() {
            for change in cell.changes {
                let site = change.site.kind == .residualOut ? Site.residualIn(change.start) : change.site
                let item = (TokenIndex(row: row, position: change.position), change.value)
                if let i = groups.firstIndex(where: { $0.site == site && $0.units?.values == change.units?.values }) {
                    groups[i].changes.append(item)
                } else {
                    groups.append((site, change.units, [item]))
                }
            }
        }
        var pass = Forward(
            .residual(stream, lengths: IntegerVector(cells.map { lengths[$0.row] })),
            layers: start..<model.info.layerCount, logits: .last)
        for group in groups {
            let tokens = TokenPositions(group.changes.map(\.token))
            let values = try Tensor.stacked(group.changes.map(\.value))
            if group.site == .residualIn(start) {
                stream = try stream.put(values, at: tokens)
                pass.input = .residual(stream, lengths: IntegerVector(cells.map { lengths[$0.row] }))
            } else {
                pass.interventions.append(Intervention(group.site, at: tokens, units: group.units, .replace(values)))
            }
        }
        return try model.logits(pass)
    }
}

extension PatchedRuns.Change {
    /// The first layer that a change touches; what leaves a block enters the next.
    var start: Int { (site.layer ?? 0) + (site.kind == .residualOut ? 1 : 0) }
}
