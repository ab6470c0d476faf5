// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Testing

@testable import SutureModel

/// The sites inside attention and the MLP, against forward hooks on transformers' modules.
@Suite struct InnerSiteTests {
    private static let kinds: [Site.Kind] = [.attentionInput, .query, .key, .value, .attentionPattern, .gate, .up]

    /// The sites of a family in both layers; a layer with experts has none of its neurons.
    private func sites(_ golden: Golden) -> [Site] {
        let configuration = golden.transformer.configuration
        return Self.kinds.filter(configuration.sites.contains).flatMap { kind in
            (0..<2).filter { ![.gate, .up].contains(kind) || !configuration.hasExperts(in: $0) }
                .map { Site(kind, layer: $0) }
        }
    }

    /// The largest difference as a share of the largest value.
    private func relative(_ ours: Tensor, _ theirs: Tensor) throws -> Double {
        try difference(ours, theirs) / theirs.abs().max().item()
    }

    @Test("The sites inside a block hold what transformers' modules do, in a padded batch", arguments: families)
    func parity(family: String) throws {
        let golden = try Golden(family)
        let sites = sites(golden)
        var pass = Forward(try TokenBatch(golden.tokens), logits: .none)
        pass.captures = sites.map { Capture($0) }
        for (site, ours) in zip(sites, try golden.run(pass).output.captures) {
            let theirs = try golden.site(site.kind)[try #require(site.layer)]
            #expect(ours.shape == theirs.shape, "\(site)")
            for (row, length) in [(0, 9), (1, 6)] {
                let share = try relative(ours[row][0..<length], theirs[row][0..<length])
                #expect(share < equivalenceTolerance, "\(site), row \(row): \(share)")
            }
        }
    }

    @Test("So they do in a pass that continues from prefixes of different lengths", arguments: families)
    func past(family: String) throws {
        let golden = try Golden(family)
        let sites = sites(golden)
        var first = Forward(try TokenBatch(golden.tokens), logits: .none)
        first.keepsCache = true
        let prefixes = [3, 5]
        let past = try #require(try golden.run(first).cache).selecting(rows: [0, 1], lengths: prefixes)
        var pass = Forward(
            try TokenBatch(zip(golden.tokens, prefixes).map { Array($0.dropFirst($1)) }), logits: .none)
        pass.captures = sites.map { Capture($0) }
        for (site, whole) in zip(sites, try golden.run(pass, past: past).output.captures) {
            let theirs = try golden.site(site.kind)[try #require(site.layer)]
            for (row, length) in [(0, 9), (1, 6)] {
                let prefix = prefixes[row]
                var ours = try whole[row][0..<length - prefix]
                var expected = try theirs[row][prefix..<length]
                if site.kind == .attentionPattern {
                    // Keys: those of the past, of which a row has its own, and then the new ones.
                    let keys = Array(0..<prefix) + (past.width..<past.width + length - prefix)
                    let others = Array(Set(0..<ours.shape[2]).subtracting(keys)).sorted()
                    if !others.isEmpty { #expect(try ours.indexSelect(2, others).abs().max().item() == 0) }
                    ours = try ours.indexSelect(2, keys)
                    expected = try expected.sliced(2, 0..<length)
                }
                let share = try relative(ours, expected)
                #expect(share < equivalenceTolerance, "\(site), row \(row): \(share)")
            }
        }
    }

    @Test(
        "An intervention on query, key, value or pattern acts on its tokens and on no other",
        arguments: ["gpt2", "llama-tied-grouped", "gpt_neox"],
        [Site.Kind.query, .key, .value, .attentionPattern])
    func actsOnItsTokens(family: String, kind: Site.Kind) throws {
        let golden = try Golden(family)
        let site = Site(kind, layer: 0)
        let token = TokenIndex(row: 0, position: 4)
        func run(_ interventions: [Intervention]) throws -> (value: Tensor, attention: Tensor) {
            var pass = Forward(.tokens(try TokenBatch(golden.tokens)), layers: 0..<1, logits: .none)
            pass.captures = [Capture(site), Capture(.attentionOutput(0))]
            pass.interventions = interventions
            let captures = try golden.run(pass).output.captures
            return (captures[0], captures[1])
        }
        let before = try run([])
        let after = try run([Intervention(site, at: [token], .scale(2))])
        for row in 0..<2 {
            for position in 0..<(row == 0 ? 9 : 6) {
                let isChosen = row == token.row && position == token.position
                let value = try difference(after.value[row][position], before.value[row][position])
                #expect(isChosen == (value > 0), "\(site) at row \(row), position \(position)")
                let attention = try difference(after.attention[row][position], before.attention[row][position])
                // A key or a value is read by all later tokens, a query or a pattern by its own token.
                let isRead = kind == .key || kind == .value
                let reaches = isRead ? row == token.row && position >= token.position : isChosen
                #expect(reaches ? attention > 1e-4 : attention == 0, "attention at row \(row), position \(position)")
            }
        }
    }

    @Test("A pattern that is replaced is the one that values are mixed by", arguments: ["gpt2", "llama-tied-grouped"])
    func replacedPattern(family: String) throws {
        let golden = try Golden(family)
        let c = golden.transformer.configuration
        // Every head of token 4 looks at token 2 alone.
        let look = try Tensor((0..<9).map { Float($0 == 2 ? 1 : 0) }).expanded(1, c.headCount, 9)
        var pass = Forward(.tokens(try TokenBatch(golden.tokens)), layers: 0..<1, logits: .none)
        pass.captures = [Capture(.value(0)), Capture(.headOutput(0))]
        pass.interventions = [
            Intervention(.attentionPattern(0), at: [TokenIndex(row: 0, position: 4)], .replace(look))
        ]
        let captures = try golden.run(pass).output.captures
        let values = try captures[0][0][2].reshaped(c.keyValueHeadCount, 1, c.dHead)
            .expanded(c.keyValueHeadCount, c.headCount / c.keyValueHeadCount, c.dHead).reshaped(-1)
        #expect(try difference(captures[1][0][4], values) < equivalenceTolerance)
    }
}
