// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureModel

private let checkpoints = ["t5", "t5-gated", "mt5"]
/// Largest difference between two ways of computing the same float32 pass of these checkpoints. In float64, the logits of
/// "t5-gated" move by 2e-5.
private let rounding = 5e-5

/// What transformers computes for a checkpoint.
private struct GoldenRows {
    let name: String
    let model: LanguageModel
    let rows: [[Int]]

    init(_ name: String) throws {
        self.name = name
        model = try EncoderDecoderFolder(name).load()
        rows = try (0..<2).map { try EncoderDecoderFolder.tensor("row\($0)", of: name).scalars(as: Int.self) }
    }

    func tensor(_ name: String) throws -> Tensor { try EncoderDecoderFolder.tensor(name, of: self.name) }

    /// How many tokens come before the one with which the decoder begins.
    func start(_ row: Int) throws -> Int { try #require(model.tokenizer.division?.sourceLength(of: rows[row])) }

    /// The decoder's positions of a row that is `place` in a batch.
    func reads(_ row: Int, at place: Int) throws -> [TokenIndex] {
        (try start(row)..<rows[row].count).map { TokenIndex(row: place, position: $0) }
    }

    /// The logits after each of the decoder's tokens of some rows in one batch, one after the other.
    func logits(_ chosen: [Int], _ network: (any Network)? = nil) throws -> Tensor {
        let reads = try chosen.enumerated().flatMap { try self.reads($1, at: $0) }
        let pass = Forward(try TokenBatch(chosen.map { rows[$0] }), logits: .at(reads))
        return try #require(try (network ?? model.transformer).run(pass).logits)
    }

    var sources: [[Int]] { get throws { try (0..<2).map { Array(rows[$0][...(try start($0))]) } } }
    var greedy: [[Int]] { get throws { try (0..<2).map { try tensor("greedy\($0)").scalars(as: Int.self) } } }
}

private func largestDifference(_ a: Tensor, _ b: Tensor) throws -> Double { try (a - b).abs().max().item() }

@Suite("Encoder–decoder models")
struct EncoderDecoderTests {
    @Test("The logits of texts beyond the largest distance equal those of transformers", arguments: checkpoints)
    func parity(name: String) throws {
        let golden = try GoldenRows(name)
        for row in 0..<2 {
            #expect(try largestDifference(golden.logits([row]), golden.tensor("logits\(row)")) < parityTolerance)
        }
        #expect(try golden.start(0) > 12 && golden.rows[0].count - golden.start(0) > 12)
    }

    @Test("Batch, padding and order do not change a row's logits", arguments: checkpoints)
    func batches(name: String) throws {
        let golden = try GoldenRows(name)
        let alone = try (golden.logits([0]), golden.logits([1]))
        let counts = (alone.0.shape[0], alone.1.shape[0])
        let both = try golden.logits([0, 1])
        #expect(try largestDifference(both[0..<counts.0], alone.0) < rounding)
        #expect(try largestDifference(both[counts.0..<counts.0 + counts.1], alone.1) < rounding)
        let turned = try golden.logits([1, 0, 1])
        #expect(try largestDifference(turned[0..<counts.1], alone.1) < rounding)
        #expect(try largestDifference(turned[counts.1..<counts.0 + counts.1], alone.0) < rounding)
    }

    @Test("Greedy texts of a batch equal those of transformers", arguments: checkpoints)
    func greedy(name: String) throws {
        let golden = try GoldenRows(name)
        let settings = Model.Generation(maxNewTokens: 14)
        #expect(try golden.model.generate(golden.sources, settings) == golden.greedy)
        #expect(try golden.model.generate(golden.sources.reversed(), settings) == golden.greedy.reversed())
        // One of the texts ends by itself.
        #expect(try golden.greedy.contains { $0.last == EncoderDecoderFolder.end && $0.count < 14 })
    }

    @Test("What is sampled does not depend on the batch, and a sampled token is one that the logits allow")
    func sampling() throws {
        let golden = try GoldenRows("t5-gated")
        let sources = try golden.sources
        func settings(_ streams: [Int]) -> Model.Generation {
            Model.Generation(maxNewTokens: 8, temperature: 0.8, topK: 5, seed: 3, streams: streams)
        }
        let both = try golden.model.generate(sources, settings([0, 1]))
        #expect(try golden.model.generate([sources[1]], settings([1])) == [both[1]])
        #expect(both[0] != both[1])
        for (source, said) in zip(sources, both) {
            let reads = said.indices.map { TokenIndex(row: 0, position: source.count - 1 + $0) }
            let pass = Forward(try TokenBatch([source + said]), logits: .at(reads))
            let best = try #require(try golden.model.transformer.run(pass).logits).topK(5).indices
            for (place, token) in said.enumerated() {
                #expect(try best[place].scalars(as: Int.self).contains(token))
            }
        }
    }

    @Test("A pass that goes on from a cache equals one pass, also where the cache is cut", arguments: checkpoints)
    func cache(name: String) throws {
        let golden = try GoldenRows(name)
        var first = Forward(try TokenBatch(golden.rows), logits: .none)
        first.keepsCache = true
        let whole = try #require(try golden.model.transformer.run(first, past: nil).cache)
        let starts = try [golden.start(0), golden.start(1)]
        // Rows in another order, with three and one of the decoder's tokens.
        let past = try whole.selecting(rows: [1, 0], lengths: [starts[1] + 3, starts[0] + 1])
        let rest = [Array(golden.rows[1][(starts[1] + 3)...]), Array(golden.rows[0][(starts[0] + 1)...])]
        let output = try golden.model.transformer.run(Forward(TokenBatch(rest)), past: past).output
        let logits = try #require(output.logits)
        #expect(logits.shape == [2, rest[1].count, 61])
        let expected = try (golden.logits([0]), golden.logits([1]))
        #expect(try largestDifference(logits[0][0..<rest[0].count], expected.1[3..<expected.1.shape[0]]) < rounding)
        #expect(try largestDifference(logits[1], expected.0[1..<expected.0.shape[0]]) < rounding)
        #expect(throws: SutureError.self) { try whole.selecting(rows: [0], lengths: [starts[0]]) }
    }

    @Test("Changed weights give the logits of transformers, and the model stays as it was", arguments: checkpoints)
    func overlay(name: String) throws {
        let golden = try GoldenRows(name)
        let edited = try golden.model.applying(EncoderDecoderFolder.changes(of: name))
        for row in 0..<2 {
            let logits = try golden.logits([row], edited.transformer)
            #expect(try largestDifference(logits, golden.tensor("changed\(row)")) < parityTolerance)
            #expect(try largestDifference(logits, golden.logits([row])) > 1e-2)
        }
        #expect(try largestDifference(golden.logits([0]), golden.tensor("logits0")) < parityTolerance)
    }

    @Test("Gradients of a loss with respect to weights equal those of PyTorch", arguments: checkpoints)
    func gradients(name: String) throws {
        let golden = try GoldenRows(name)
        let mark = "gradient."
        let file = try SafetensorsFile(
            opening: EncoderDecoderFolder.golden(name).appending(path: "golden.safetensors"))
        let names = file.entries.map(\.name).filter { $0.hasPrefix(mark) }.sorted().map {
            String($0.dropFirst(mark.count))
        }
        #expect(names.count == 7)
        let leaves = try names.map {
            try Tensor.zeros(golden.model.transformer.weights.tensor($0).shape).leaf()
        }
        let edited = try golden.model.applying(zip(names, leaves).map { Delta($0, .dense($1)) })
        let logits = try golden.logits([0], edited.transformer)
        let targets = Array(golden.rows[0][(try golden.start(0) + 1)...])
        let loss = try logits[0..<targets.count].crossEntropy(Tensor(targets))
        for (name, gradient) in zip(names, try loss.gradients(of: leaves)) {
            let expected = try golden.tensor(mark + name)
            let scale = try max(1, expected.abs().max().item())
            #expect(try largestDifference(#require(gradient), expected) < parityTolerance * scale, "\(name)")
        }
    }

    @Test("In float64 and bfloat16 the logits are close, and float16 is refused")
    func dtypes() throws {
        let folder = try EncoderDecoderFolder()
        let golden = try GoldenRows("t5")
        let wide = try LanguageModel(folder: folder.url, dtype: .float64)
        #expect(try largestDifference(golden.logits([0], wide.transformer), golden.tensor("logits0")) < parityTolerance)
        let half = try LanguageModel(folder: folder.url, dtype: .bfloat16)
        let expected = try golden.tensor("logits0")
        let difference = try largestDifference(golden.logits([0], half.transformer), expected)
        #expect(try difference < 0.05 * expected.abs().max().item(), "\(difference)")
        do {
            _ = try LanguageModel(folder: folder.url, dtype: .float16)
            Issue.record("float16 is accepted")
        } catch let error as ModelError {
            #expect(
                error.description
                    == "a t5 model cannot be computed in float16, because its values exceed the range of that type; use "
                    + "bfloat16 or float32")
        }
    }

    // MARK: Texts and rows

    @Test("A prompt with special tokens ends in the token with which the decoder begins, and a text follows it")
    func texts() throws {
        let tokenizer = try EncoderDecoderFolder().load().tokenizer
        let source = try tokenizer.encode("ab c", addSpecialTokens: false).ids
        let prompt = try tokenizer.encode("ab c").ids
        #expect(prompt == source + [1, 0])
        #expect(try tokenizer.encode("ab c").offsets.last == 0..<0)
        let joined = try tokenizer.join("ab c", "de")
        #expect(joined.prompt == prompt)
        #expect(try joined.following == tokenizer.encode("de", addSpecialTokens: false).ids)
        #expect(joined.meetsBetweenTokens)
        // The decoder's part of a row is what the model says.
        #expect(try tokenizer.decode(prompt + joined.following) == "de")
        #expect(try tokenizer.continuation(joined.following, after: prompt) == "de")
        #expect(try tokenizer.decode(source) == "ab c")
        do {
            _ = try tokenizer.encode("a</s><pad>b")
            Issue.record("a source with a division is accepted")
        } catch {
            #expect(
                error.description
                    == "a text holds the tokens 1 and 0 one after the other, which divide a row of an encoder–decoder model; "
                    + "take the names of special tokens out of the text")
        }
    }

    @Test("What has no meaning in a row is refused with a sentence")
    func refusedRows() throws {
        let golden = try GoldenRows("t5")
        func message(_ row: [Int], _ logits: Forward.Logits = .last) -> String {
            do {
                _ = try golden.model.transformer.run(Forward(TokenBatch([[5, 1, 0], row]), logits: logits))
                return "nothing was thrown"
            } catch { return "\(error)" }
        }
        let place =
            "row 1 has no place where the token 0, with which the decoder begins, follows 1, which ends a source"
        #expect(message([5, 6, 7]).hasPrefix(place))
        // The token alone is no division.
        #expect(message([5, 0, 7]).hasPrefix(place))
        #expect(message([5, 6, 1, 0, 1, 0, 3]) == "nothing was thrown")
        #expect(message([5, 6, 1, 0, 7], .at([TokenIndex(row: 1, position: 3)])) == "nothing was thrown")
        #expect(
            message([5, 6, 1, 0, 7], .at([TokenIndex(row: 1, position: 2)]))
                == "logits were requested at position 2 of row 1, where the source is; the decoder begins at 3; an encoder–decoder "
                + "model predicts what the decoder says, and nothing of the source")
        #expect(
            message([5, 6, 1, 0], .at([TokenIndex(row: 1, position: 4)])).contains(
                "position 4 of row 1, which is not there"))
        #expect(message([5, 6, 1, 0], .all).hasPrefix("there are logits at the decoder's tokens alone"))
        #expect(message([5, 61, 1, 0]).contains("the token with the id 61 has no row"))
    }

    @Test("Captures, interventions, parts of the model and projections are refused with a sentence each")
    func notOffered() throws {
        let golden = try GoldenRows("t5")
        func message(_ change: (inout Forward) throws -> Void) throws -> String {
            var pass = Forward(try TokenBatch(golden.rows), logits: .last)
            try change(&pass)
            do {
                _ = try golden.model.transformer.run(pass)
                return "nothing was thrown"
            } catch { return error.message }
        }
        func sentence(_ what: String) -> String {
            "\(what) are not offered for encoder–decoder models, and this is one (t5)"
        }
        #expect(
            try message { $0.captures = [Capture(.neurons(0))] } == sentence("captures (here at blocks.0.neurons)"))
        #expect(
            try message { $0.interventions = [Intervention(.embedding, .zero)] }
                == sentence("interventions (here at embedding)"))
        #expect(try message { $0.layers = 0..<1 } == sentence("passes through some of the layers"))
        #expect(
            try message { $0.input = .residual(try Tensor.zeros([1, 3, 24]), lengths: [3]) }
                == sentence("passes from a residual"))
        #expect(golden.model.configuration.sites == [])
        #expect(golden.model.transformer.projectionCount == 0)
        do {
            _ = try golden.model.weightName(reading: .neurons(0))
            Issue.record("a site has a weight")
        } catch { #expect(error.message == sentence("the weights that read a site")) }
    }

    // MARK: Folders

    @Test("A folder that does not say how rows divide is refused, and so are embeddings that differ")
    func folders() throws {
        func message(_ change: (URL) throws -> Void) throws -> String {
            let folder = try EncoderDecoderFolder()
            try change(folder.url)
            do throws(ModelError) {
                let stored = try StoredModel(folder: folder.url)
                return stored.warnings.first ?? "nothing was thrown"
            } catch { return error.description.replacingOccurrences(of: folder.url.path + "/", with: "") }
        }
        func configure(_ folder: URL, _ key: String, _ value: Any?) throws {
            let place = folder.appending(path: "config.json")
            var values = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: place)) as? [String: Any])
            values[key] = value
            try JSONSerialization.data(withJSONObject: values).write(to: place)
        }
        func add(_ name: String, _ folder: URL, differs: Bool) throws {
            let checkpoint = try Checkpoint(opening: folder)
            var tensors = try checkpoint.names.map { name in
                let entry = try checkpoint.entry(name)
                return SafetensorsWriter.Tensor(
                    name: name, dtype: entry.dtype, shape: entry.shape,
                    bytes: TensorBytes(try checkpoint.bytes(of: name).data))
            }
            let shared = try #require(tensors.first { $0.name == "shared.weight" })
            tensors.append(
                SafetensorsWriter.Tensor(
                    name: name, dtype: shared.dtype, shape: shared.shape,
                    bytes: differs ? TensorBytes([UInt8](repeating: 0, count: 61 * 24 * 4)) : shared.bytes))
            try SafetensorsWriter.write(tensors, to: folder.appending(path: "model.safetensors"))
        }
        #expect(try message { _ in } == "nothing was thrown")
        #expect(
            try message { try configure($0, "decoder_start_token_id", nil) }
                == "config.json has no \"decoder_start_token_id\", the token with which the decoder begins; set it; for T5 it "
                + "is the id of <pad>, 0")
        let generation = #"{"decoder_start_token_id": 3}"#
        #expect(
            try message { try Data(generation.utf8).write(to: $0.appending(path: "generation_config.json")) }
                == "config.json: \"decoder_start_token_id\" is 0, but generation_config.json says 3; correct one of them"
        )
        #expect(
            try message {
                try EncoderDecoderFolder.tokenizer(size: 61, hasEnd: false).write(
                    to: $0.appending(path: "tokenizer.json"))
            }
            .hasPrefix("the tokenizer puts no token at the end of a text"))
        #expect(
            try message { try configure($0, "is_encoder_decoder", false) }
                .hasPrefix("config.json: \"is_encoder_decoder\" is false, which is not supported"))
        #expect(
            try message { try configure($0, "model_type", "umt5") }.contains(
                "model_type \"umt5\" is not a known family"))
        #expect(try message { try add("encoder.embed_tokens.weight", $0, differs: false) } == "nothing was thrown")
        #expect(
            try message { try add("decoder.embed_tokens.weight", $0, differs: true) }
                .hasPrefix("the tensor \"decoder.embed_tokens.weight\" differs from \"shared.weight\""))
        let unused = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
        #expect(try message { try add(unused, $0, differs: true) } == "nothing was thrown")
    }
}
