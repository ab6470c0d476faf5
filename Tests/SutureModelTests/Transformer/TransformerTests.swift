// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import SutureModel

@Suite struct TransformerTests {
    @Test("logits and hidden states equal those of transformers", arguments: families)
    func parity(family: String) throws {
        let golden = try Golden(family)
        var pass = Forward(try TokenBatch(golden.tokens))
        let layers = golden.transformer.configuration.layerCount
        pass.captures = [Capture(.embedding)] + (0..<layers - 1).map { Capture(.residualOut($0)) }
        let output = try golden.run(pass).output
        let logits = try #require(output.logits)
        for (row, length) in [(0, 9), (1, 6)] {
            #expect(try difference(logits[row][0..<length], golden.logits[row][0..<length]) < parityTolerance)
            for layer in 0..<layers {
                let ours = try output.captures[layer][row][0..<length]
                #expect(try difference(ours, golden.hidden[layer][row][0..<length]) < parityTolerance)
            }
        }
    }

    @Test("padding and batch size do not change a row's logits", arguments: families)
    func padding(family: String) throws {
        let golden = try Golden(family)
        let batch = try golden.logits(golden.tokens)
        let alone = try golden.logits([golden.tokens[1]])
        #expect(try difference(batch[1][0..<6], alone[0]) < equivalenceTolerance)
    }

    @Test("a pass continued from a cache equals one pass, for prefixes of different lengths", arguments: families)
    func cache(family: String) throws {
        let golden = try Golden(family)
        let whole = try golden.logits(golden.tokens)
        var first = Forward(try TokenBatch(golden.tokens))
        first.keepsCache = true
        let prefixes = [3, 5]
        let past = try #require(try golden.run(first).cache).selecting(rows: [0, 1], lengths: prefixes)
        let rest = zip(golden.tokens, prefixes).map { Array($0.dropFirst($1)) }
        let logits = try #require(try golden.run(Forward(TokenBatch(rest)), past: past).output.logits)
        #expect(try difference(logits[0][0..<6], whole[0][3..<9]) < equivalenceTolerance)
        #expect(try difference(logits[1][0..<1], whole[1][5..<6]) < equivalenceTolerance)
    }

    @Test("greedy texts of a batch, token by token from the cache, equal transformers'", arguments: families)
    func greedy(family: String) throws {
        let golden = try Golden(family)
        let fixture = try FolderFixture(family)
        try fixture.configure(["eos_token_id": nil])
        let prompts = [Array(golden.tokens[0].prefix(5)), Array(golden.tokens[1].prefix(3))]
        let model = try LanguageModel(folder: fixture.url)
        #expect(try model.generate(prompts, Model.Generation(maxNewTokens: 12)) == golden.greedy())
    }

    @Test("a short text is not continued as a long one where these have other positions")
    func longPositions() throws {
        let golden = try Golden("phi3-long")
        var first = Forward(try TokenBatch([Array(golden.tokens[0].prefix(5))]), logits: .last)
        first.keepsCache = true
        let past = try golden.run(first).cache
        #expect(throws: SutureError.self) {
            try golden.run(Forward(TokenBatch([Array(golden.tokens[0].suffix(4))])), past: past)
        }
    }

    @Test("the last logits of rows of one token are those at chosen positions, bit for bit", arguments: families)
    func lastOfOneToken(family: String) throws {
        let golden = try Golden(family)
        let rows = [[5], [40], [7]]
        let last = try #require(try golden.run(Forward(TokenBatch(rows), logits: .last)).output.logits)
        let positions = (0..<3).map { TokenIndex(row: $0, position: 0) }
        let chosen = try #require(try golden.run(Forward(TokenBatch(rows), logits: .at(positions))).output.logits)
        #expect(last.shape == [3, 61])
        #expect(try difference(last, chosen) == 0)
    }

    @Test("a pass from a captured residual above a layer equals the whole pass", arguments: families)
    func range(family: String) throws {
        let golden = try Golden(family)
        let whole = try golden.logits(golden.tokens)
        var below = Forward(.tokens(try TokenBatch(golden.tokens)), layers: 0..<1, logits: .none)
        below.captures = [Capture(.residualOut(0))]
        let residual = try golden.run(below).output.captures[0]
        let above = Forward(
            .residual(residual, lengths: [9, 6]), layers: 1..<2, logits: .at([TokenIndex(row: 1, position: 5)]))
        let logits = try #require(try golden.run(above).output.logits)
        #expect(try difference(logits[0], whole[1][5]) < equivalenceTolerance)
    }

    @Test("layers above a residual run on a suffix when the cache holds the prefix")
    func suffix() throws {
        let golden = try Golden("gpt2")
        let whole = try golden.logits(golden.tokens)
        var first = Forward(try TokenBatch(golden.tokens))
        first.keepsCache = true
        first.captures = [Capture(.residualOut(0))]
        let (output, cache) = try golden.run(first)
        let past = try #require(cache).selecting(rows: [0, 1], lengths: [4, 4])
        let suffix = try output.captures[0].sliced(1, 4..<9)
        let above = Forward(.residual(suffix, lengths: [5, 2]), layers: 1..<2)
        let logits = try #require(try golden.run(above, past: past).output.logits)
        #expect(try difference(logits[0], whole[0][4..<9]) < equivalenceTolerance)
        #expect(try difference(logits[1][0..<2], whole[1][4..<6]) < equivalenceTolerance)
    }

    @Test("replacing a site by its own value changes nothing, zeroing it does", arguments: Site.Kind.allCases)
    func interventions(kind: Site.Kind) throws {
        let golden = try Golden(kind == .gate ? "llama-tied-grouped" : "gpt2")
        // Attention weights are spelled out only in a pass that asks for them, which rounds otherwise.
        let exact = kind == .attentionPattern ? equivalenceTolerance : 0
        let whole = try golden.logits(golden.tokens)
        let site = Site(kind, layer: 1)
        let positions = [TokenIndex(row: 0, position: 8), TokenIndex(row: 1, position: 2)]
        var capturing = Forward(try TokenBatch(golden.tokens))
        capturing.captures = [Capture(site, at: positions)]
        let value = try golden.run(capturing).output.captures[0]
        func logits(_ action: Intervention.Action) throws -> Tensor {
            var pass = Forward(try TokenBatch(golden.tokens))
            pass.interventions = [Intervention(site, at: positions, action)]
            return try #require(try golden.run(pass).output.logits)
        }
        #expect(try difference(logits(.replace(value)), whole) <= exact)
        #expect(try difference(logits(.closure { try $0 * 1 }), whole) < equivalenceTolerance)
        #expect(try difference(logits(.scale(2)), logits(.add(value))) < equivalenceTolerance)
        #expect(try difference(logits(.zero)[0][8], whole[0][8]) > 1e-3)
        #expect(try difference(logits(.zero)[0][0..<8], whole[0][0..<8]) <= exact)
    }

    @Test("a row copied from another row of the batch gives that row's result")
    func copyRow() throws {
        let golden = try Golden("gpt2")
        let rows = [golden.tokens[0], Array(golden.tokens[0].reversed())]
        let whole = try golden.logits(rows)
        var pass = Forward(try TokenBatch(rows))
        pass.interventions = [
            Intervention(.residualOut(1), at: [TokenIndex(row: 1, position: 8)], .copyRow(0))
        ]
        let logits = try #require(try golden.run(pass).output.logits)
        #expect(try difference(logits[1][8], whole[0][8]) < equivalenceTolerance)
        #expect(try difference(logits[1][7], whole[1][7]) == 0)
    }

    @Test("an intervention on some neurons leaves the others")
    func units() throws {
        let golden = try Golden("gpt2")
        var pass = Forward(try TokenBatch(golden.tokens))
        pass.captures = [Capture(.neurons(0))]
        let before = try golden.run(pass).output.captures[0]
        pass.interventions = [Intervention(.neurons(0), units: [3, 5], .zero)]
        let after = try golden.run(pass).output.captures[0]
        let others = [0, 4, 6]
        #expect(try after.indexSelect(2, [3, 5]).abs().max().item() == 0)
        #expect(try difference(after.indexSelect(2, others), before.indexSelect(2, others)) == 0)
    }

    @Test("noise depends on its seed alone")
    func noise() throws {
        let golden = try Golden("gpt2")
        func logits(_ seed: Int) throws -> Tensor {
            var pass = Forward(try TokenBatch(golden.tokens))
            pass.interventions = [Intervention(.embedding, .noise(deviation: 0.1, seed: seed))]
            return try #require(try golden.run(pass).output.logits)
        }
        #expect(try difference(logits(1), logits(1)) == 0)
        #expect(try difference(logits(1), logits(2)) > 0)
    }

    @Test("gradients flow from logits to an added value and equal finite differences")
    func gradients() throws {
        let golden = try Golden("llama-tied-grouped")
        func loss(_ delta: Tensor) throws -> Tensor {
            var pass = Forward(try TokenBatch([golden.tokens[1]]), logits: .last)
            let row = try delta.unsqueezed(0)
            pass.interventions = [
                Intervention(.residualOut(0), at: [TokenIndex(row: 0, position: 2)], .add(row))
            ]
            return try #require(try golden.run(pass).output.logits).logSoftmax().select(1, 7).sum()
        }
        let delta = try Tensor.zeros([24]).leaf()
        let gradient = try #require(try loss(delta).gradients(of: [delta])[0]).scalars(as: Double.self)
        for component in [0, 11, 23] {
            var bump = [Float](repeating: 0, count: 24)
            bump[component] = 1e-2
            let up = try loss(Tensor(bump)).item()
            let down = try loss(Tensor(bump.map { -$0 })).item()
            #expect(abs((up - down) / 2e-2 - gradient[component]) < 1e-2)
        }
    }

    @Test("a layer, position or site that the pass does not have is refused before it runs")
    func refusals() throws {
        let golden = try Golden("gptj")
        func message(_ change: (inout Forward) throws -> Void) throws -> String {
            var pass = Forward(try TokenBatch(golden.tokens))
            try change(&pass)
            do {
                _ = try golden.run(pass)
                return "nothing was thrown"
            } catch { return String(describing: error) }
        }
        #expect(try message { $0.captures = [Capture(.residualMid(0))] }.contains("no such site"))
        #expect(try message { $0.captures = [Capture(.neurons(7))] }.contains("does not come by"))
        #expect(
            try message { $0.captures = [Capture(.neurons(0), at: [TokenIndex(row: 1, position: 6)])] }
                == "a capture at blocks.0.neurons: row 1 has 6 tokens, asked for position 6; count positions from 0 and leave padding out"
        )
        #expect(
            try message {
                $0.layers = 0..<1
                $0.interventions = [Intervention(.mlpOutput(1), .zero)]
            }.contains("does not come by"))
        #expect(try message { $0.layers = 1..<2 }.contains("starts at layer 0"))
        let long = try TokenBatch([Array(repeating: 1, count: 33)])
        #expect(try message { $0.input = .tokens(long) }.contains("33 tokens do not fit the model's context of 32"))
    }

    @Test("a low-rank change equals the dense change, and a change that is not finite is refused")
    func overlay() throws {
        let golden = try Golden("gpt2")
        let name = "transformer.h.1.mlp.c_proj.weight"
        let random = try RandomNumbers(seed: 3)
        let left = try random.normal([24, 2])
        let right = try random.normal([2, 96])
        func logits(_ delta: Delta) throws -> Tensor {
            let weights = try golden.transformer.weights.applying([delta])
            let edited = try Transformer(golden.transformer.configuration, weights)
            return try #require(try edited.run(Forward(TokenBatch(golden.tokens)), past: nil).output.logits)
        }
        let low = try logits(Delta(name, .lowRank(left: left, right: right)))
        #expect(try difference(low, logits(Delta(name, .dense(left.matmul(right))))) < equivalenceTolerance)
        #expect(try difference(low, golden.logits(golden.tokens)) > 1e-2)
        #expect(throws: SutureError.self) { try logits(Delta(name, .dense(left.matmul(right) / 0))) }
        #expect(throws: SutureError.self) { try logits(Delta(name, .dense(right))) }
        #expect(throws: SutureError.self) { try logits(Delta("no.such.weight", .dense(right))) }
    }
}
