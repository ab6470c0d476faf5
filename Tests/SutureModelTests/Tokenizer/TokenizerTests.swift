// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("The tokenizer")
struct TokenizerTests {
    @Test("A template's tokens are added only when asked for")
    func specialTokens() throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("llama3.json"))
        let bos = try #require(tokenizer.id(of: "<|begin_of_text|>"))
        let with = try tokenizer.encode("Paris")
        let without = try tokenizer.encode("Paris", addSpecialTokens: false)
        #expect(with.ids == [bos] + without.ids)
        #expect(with.offsets.first == 0..<0)
        #expect(try tokenizer.decode(with.ids) == "Paris")
        #expect(try tokenizer.decode(with.ids, skipSpecialTokens: false) == "<|begin_of_text|>Paris")
    }

    @Test("Offsets count Unicode scalars of the original text")
    func offsets() throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("gpt2.json"))
        let text = "👍🏽 naïve Ангстрём"
        let scalars = Array(text.unicodeScalars)
        let encoding = try tokenizer.encode(text)
        #expect(encoding.offsets.count == encoding.ids.count)
        #expect(encoding.offsets.last?.upperBound == scalars.count)
        for (id, range) in zip(encoding.ids, encoding.offsets) {
            let slice = String(String.UnicodeScalarView(scalars[range]))
            let token = try tokenizer.decode([id])
            if !token.contains("\u{FFFD}") { #expect(slice == token.trimmingCharacters(in: .whitespaces)) }
        }
    }

    @Test("Canonically equivalent tokens are different tokens")
    func canonicalEquivalence() throws {
        let json =
            #"{"model": {"type": "BPE", "vocab": {"\u00e9": 0, "e": 1, "\u0301": 2, "e\u0301": 3}, "#
            + #""merges": ["e \u0301"]}, "decoder": {"type": "Fuse"}}"#
        let tokenizer = try Tokenizer(json: Data(json.utf8))
        #expect(try tokenizer.encode("\u{e9}").ids == [0])
        #expect(try tokenizer.encode("e\u{301}").ids == [3])
        #expect(tokenizer.id(of: "\u{e9}") == 0)
        #expect(tokenizer.id(of: "e\u{301}") == 3)
        #expect(try tokenizer.decode([3]).unicodeScalars.count == 2)
    }

    @Test("Tokens and ids are each other's inverse, added tokens included")
    func vocabulary() throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("llama2.json"))
        #expect(tokenizer.vocabularySize == 1201)
        for id in 0..<tokenizer.vocabularySize {
            let token = try #require(tokenizer.token(for: id))
            #expect(tokenizer.id(of: token) == id)
        }
        #expect(tokenizer.token(for: tokenizer.vocabularySize) == nil)
        #expect(tokenizer.token(for: -1) == nil)
        #expect(tokenizer.id(of: "no such token") == nil)
        #expect(tokenizer.token(for: 1200) == "Marker")
    }

    @Test("The ends of a text come from the configuration beside the file, as strings or objects")
    func configuration() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tokenizer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try TokenizerFixture.data("llama2.json").write(to: folder.appendingPathComponent("tokenizer.json"))
        let alone = try Tokenizer(folder: folder)
        #expect(alone.bosTokenID == nil)
        #expect(alone.eosTokenID == nil)
        let configuration = #"{"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad": null}"#
        try Data(configuration.utf8).write(to: folder.appendingPathComponent("tokenizer_config.json"))
        let both = try Tokenizer(folder: folder)
        #expect(both.bosTokenID == 1)
        #expect(both.eosTokenID == 2)
    }

    @Test("Truncation and padding of the file are not applied")
    func truncation() throws {
        let plain = try TokenizerFixture.data("gpt2.json")
        let text = String(decoding: plain, as: UTF8.self)
            .replacing(#""truncation":null"#, with: #""truncation":{"max_length":1}"#)
        let tokenizer = try Tokenizer(json: Data(text.utf8))
        let line = "The capital of France is Paris"
        #expect(try tokenizer.encode(line) == Tokenizer(json: plain).encode(line))
    }

    @Test("Many threads encode with one tokenizer and get what one thread gets")
    func concurrency() async throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("qwen2.json"))
        let lines = Array(TokenizerCorpus.lines.prefix(400))
        let expected = try lines.map { try tokenizer.encode($0) }
        try await withThrowingTaskGroup(of: [Tokenizer.Encoding].self) { group in
            for _ in 0..<4 {
                group.addTask { try lines.map { line throws(ModelError) in try tokenizer.encode(line) } }
            }
            for try await encodings in group { #expect(encodings == expected) }
        }
    }

    @Test("A word met before encodes as it did the first time, also after the cache was emptied")
    func cache() throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("gpt2.json"))
        let first = try tokenizer.encode("The model Paris")
        // More different words than the cache holds.
        let words = (0..<TokenizerWorkspace.largestCache + 10).map { " w" + String($0, radix: 36) }
        _ = try tokenizer.encode(words.joined())
        #expect(try tokenizer.encode("The model Paris") == first)
    }

    @Test("A long text that passes as one word is encoded whole")
    func longWord() throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("llama2.json"))
        let text = String(repeating: "capital of France ", count: 4000)
        let ids = try tokenizer.encode(text).ids
        #expect(try tokenizer.decode(ids) == text)
    }

    @Test("The anchors of a pattern hold at the ends of the text, whatever its place")
    func anchors() throws {
        let regex = try ScalarRegex(#"\A +| +\z|b(?=\z)|\Ax"#, place: "here")
        func matches(_ text: String, _ range: Range<Int>) throws -> [Range<Int>] {
            var matches: [Range<Int>] = []
            try regex.appendMatches(in: text.unicodeScalars.map(\.value), range, to: &matches)
            return matches
        }
        #expect(try matches("  a  b ", 0..<7) == [0..<2, 6..<7])
        #expect(try matches("  a  b ", 1..<5) == [1..<2, 3..<5])
        #expect(try matches("xxbxb", 1..<5) == [1..<2, 4..<5])
        #expect(try matches("   ", 0..<3) == [0..<3])
    }

    @Test(
        "Split behaviours cut as documented",
        arguments: [
            (SplitBehavior.removed, ["the", "final", "countdown"]),
            (.isolated, ["the", "-", "final", "-", "-", "countdown"]),
            (.mergedWithPrevious, ["the-", "final-", "-", "countdown"]),
            (.mergedWithNext, ["the", "-final", "-", "-countdown"]),
            (.contiguous, ["the", "-", "final", "--", "countdown"]),
        ])
    func splitBehaviors(behavior: SplitBehavior, parts: [String]) throws {
        let text = Array("the-final--countdown")
        let matches = text.indices.filter { text[$0] == "-" }.map { $0..<$0 + 1 }
        var pieces: [PreTokenizedText.Piece] = []
        PreTokenizedText.cut(0..<text.count, at: matches, behavior: behavior, invert: false, into: &pieces)
        #expect(pieces.map { String(text[$0.range]) } == parts)
    }
}
