// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Model {
    /// The value of a site at the last token of each row, `[row, width]`, float32 or wider.
    ///
    /// The pass stops after the site's block and computes no logits. Rows share batches of at most `tokenBudget`
    /// tokens, which changes speed and memory, not results.
    package func values(of site: Site, atEndOf rows: [[Int]], tokenBudget: Int) throws -> Tensor {
        var order: [Int] = []
        var parts: [Tensor] = []
        for batch in TokenBatch.batches(ofLengths: rows.map(\.count), budget: tokenBudget) {
            let tokens = try TokenBatch(batch.map { rows[$0] })
            var pass = Forward(
                .tokens(tokens), layers: site.layer.map { 0..<$0 + 1 }, logits: .none)
            pass.captures = [Capture(site, at: TokenPositions(atEndOf: tokens.lengths))]
            parts.append(try forward(pass).captures[0])
            order += batch
        }
        var place = [Int](repeating: 0, count: order.count)
        for (i, row) in order.enumerated() { place[row] = i }
        return try Tensor.concatenated(parts).indexSelect(0, place)
    }

    /// Keys k of facts at a layer: the neurons at the lookup token, averaged over the context templates by their
    /// weights.
    ///
    /// - Parameter lookups: for each fact, its prompt in each context template.
    /// - Parameter weights: one per context template.
    /// - Returns: `[fact, dMLP]`, float64.
    package func keys(
        at layer: Int, _ lookups: [[SubjectLookup]], weights: [Double], tokenBudget: Int
    ) throws -> Tensor {
        let rows = lookups.joined().map(\.tokensThroughLookup)
        let neurons = try values(of: .neurons(layer), atEndOf: rows, tokenBudget: tokenBudget)
        return try Model.average(neurons, facts: lookups.count, weights: weights)
    }

    /// The weighted mean over templates of values `[fact · template, width]`: `[fact, width]`, float64.
    static func average(_ values: Tensor, facts: Int, weights: [Double]) throws -> Tensor {
        let perFact = try values.cast(to: .float64).reshaped(facts, weights.count, -1)
        let weight = try Tensor(weights, device: values.device).reshaped(1, -1, 1)
        return try (perFact * weight).sum(1)
    }
}
