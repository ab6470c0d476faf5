// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("Tokenizers of Unigram models")
struct UnigramTests {
    /// The texts of unigram_texts.json, with what the `tokenizers` package makes of them.
    private static func rows() throws -> [JSONValue] {
        let file = try JSONValue(try TokenizerFixture.data("unigram_texts.json"), name: "unigram_texts.json")
        guard case .list(let rows) = file else { return [] }
        return rows
    }

    private static func integers(_ value: JSONValue) -> [Int] {
        guard case .list(let items) = value else { return [] }
        return items.compactMap(\.integer)
    }

    @Test("Ids, tokens, offsets and decoded text equal the reference's", arguments: TokenizerFixture.unigrams)
    func texts(name: String) throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("\(name).json"))
        let rows = try Self.rows()
        #expect(rows.count == 122)
        for row in rows {
            let text = try #require(row["text"]?.text)
            guard case .list(let expected)? = row[name] else {
                Issue.record("no row for \(text.debugDescription)")
                continue
            }
            let encoding = try tokenizer.encode(text)
            let tokens = encoding.ids.map { tokenizer.token(for: $0) ?? "?" }.joined(separator: " ")
            let bounds = encoding.offsets.flatMap { [$0.lowerBound, $0.upperBound] }
            let decoded = try tokenizer.decode(encoding.ids)
            #expect(encoding.ids == Self.integers(expected[0]), "\(text.debugDescription)")
            // Texts are compared scalar for scalar: as strings, é would equal e with an accent.
            #expect(tokens.unicodeScalars.elementsEqual(expected[1].text?.unicodeScalars ?? "".unicodeScalars))
            #expect(bounds == Self.integers(expected[2]), "\(text.debugDescription)")
            #expect(decoded.unicodeScalars.elementsEqual(expected[3].text?.unicodeScalars ?? "?".unicodeScalars))
        }
    }

    @Test("Tokens and ids are each other's inverse", arguments: TokenizerFixture.unigrams)
    func vocabulary(name: String) throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("\(name).json"))
        for id in 0..<tokenizer.vocabularySize {
            let token = try #require(tokenizer.token(for: id))
            #expect(tokenizer.id(of: token) == id)
        }
        #expect(tokenizer.token(for: tokenizer.vocabularySize) == nil)
    }

    private func model(_ vocabulary: String, unknown: String = "0", fallsBack: Bool = false) throws -> Tokenizer {
        let model =
            #"{"type": "Unigram", "unk_id": \#(unknown), "vocab": \#(vocabulary), "byte_fallback": \#(fallsBack)}"#
        return try Tokenizer(json: Data(#"{"model": \#(model), "decoder": {"type": "Fuse"}}"#.utf8))
    }

    @Test("The largest sum of scores wins, and of equal sums the one with the longer last token")
    func best() throws {
        let tokenizer = try model(#"[["?", 0], ["a", -1], ["b", -1], ["c", -1], ["ab", -2], ["bc", -2], ["abc", -4]]"#)
        #expect(try tokenizer.encode("abc").ids == [1, 5])
        #expect(try tokenizer.encode("ab").ids == [4])
        #expect(try tokenizer.encode("aab").ids == [1, 4])
    }

    @Test("Neighbouring unknown characters are one token, and one range")
    func unknown() throws {
        let tokenizer = try model(#"[["?", 0], ["a", -1]]"#)
        let encoding = try tokenizer.encode("xéa龘")
        #expect(encoding.ids == [0, 1, 0])
        #expect(encoding.offsets == [0..<2, 2..<3, 3..<4])
    }

    @Test("Bytes stand for an unknown stretch where all of them have a token")
    func bytes() throws {
        let tokenizer = try model(
            #"[["?", 0], ["a", -1], ["<0xC3>", -9], ["<0xA9>", -9], ["<0xC4>", -9]]"#, fallsBack: true)
        let encoding = try tokenizer.encode("aéé")
        #expect(encoding.ids == [1, 2, 3, 2, 3])
        #expect(encoding.offsets == [0..<1, 1..<3, 1..<3, 1..<3, 1..<3])
        #expect(try tokenizer.encode("éĀ").ids == [0], "a byte without a token")
    }

    @Test("A model without an unknown token takes the text that it knows, and names the character that it does not")
    func noUnknown() throws {
        let tokenizer = try model(#"[["a", -1], ["ab", -1]]"#, unknown: "null")
        #expect(try tokenizer.encode("aaba").ids == [0, 1, 0])
        let error = #expect(throws: ModelError.self) { _ = try tokenizer.encode("a☃") }
        #expect(error?.code == .unknownToken)
        #expect(
            error?.message
                == "the text has the character U+2603, for which the tokenizer has no token, and its model has no unk_id"
        )
    }

    @Test(
        "Scores are rounded as the reference rounds them",
        arguments: [
            ("-1.5", -1.5), ("0", 0), ("-7", -7), ("1e2", 100), ("2.5E-1", 0.25),
            ("-15.275492379532281", -15.27549237953228),
            ("-1.8771917354846979", -1.877191735484698), ("-11.780045159651033", -11.780045159651031),
            ("1e-400", 0), ("0e999999999999", 0), ("1.7976931348623157e308", 1.797693134862315_7e308),
            ("-3.0573482513427734", -3.0573482513427734), ("123456789012345678901234567890", 1.2345678901234568e29),
        ])
    func scores(digits: String, value: Double) {
        #expect(UnigramScore.parse(digits) == value)
    }

    @Test("A score that is too large is none", arguments: ["1e309", "-1e999", "9e99999999999999999999"])
    func largeScores(digits: String) {
        #expect(UnigramScore.parse(digits) == nil)
    }

    @Test(
        "The work grows as the text does, also where one word is the whole text",
        arguments: ["unigram_bytes", "unigram_t5"])
    func work(name: String) throws {
        let file = try JSONValue(try TokenizerFixture.data("\(name).json"), name: name)
        let model = try UnigramModel(try TokenizerNode(try #require(file["model"]), file: name, path: "model"))
        func steps(_ count: Int) throws -> Int {
            var text = Array(String(repeating: "the capital of France▁is 龘 é aaaa eeee ", count: count).utf8)
            text.append(0x61)
            var workspace = TokenizerWorkspace()
            try text.withUnsafeBufferPointer { try model.encode($0, &workspace) }
            #expect(workspace.tokens.last?.end == Int32(text.count))
            return workspace.steps
        }
        let (one, many) = (try steps(10), try steps(10_000))
        #expect(many < 1001 * one)
        #expect(one > 400)
    }

    @Test("The longest tokens bound the work on a text that repeats them")
    func longTokens() throws {
        let longest = String(repeating: "a", count: UnigramModel.longestToken)
        let tokenizer = try model(#"[["?", 0], ["a", -1], ["\#(longest)", -1]]"#)
        let text = String(repeating: "a", count: 3 * UnigramModel.longestToken + 2)
        #expect(try tokenizer.encode(text).ids.sorted() == [1, 1, 2, 2, 2])
    }

    @Test("The shortest entry of a map that begins a character of few bytes replaces all of it")
    func map() throws {
        let map = try CharacterMap(CharacterMapFixture.node(CharacterMapFixture.letter))
        func mapped(_ text: String) -> (String, [Int32], [Int32]) {
            let result = map.apply(to: AlignedText(text))
            let scalars = String.UnicodeScalarView(result.scalars.compactMap(Unicode.Scalar.init))
            return (String(scalars), result.starts, result.ends)
        }
        #expect(mapped("bab") == ("bXb", [0, 1, 2], [1, 2, 3]))
        #expect(mapped("ba\u{301}b") == ("bXb", [0, 1, 3], [1, 2, 4]), "three bytes")
        let long = mapped("a\u{301}\u{301}\u{301}")
        #expect(
            long == ("X\u{301}\u{301}\u{301}", [0, 1, 2, 3], [1, 2, 3, 4]), "seven bytes are looked up one by one")
        #expect(mapped("") == ("", [], []))
    }

    @Test("A map whose places lead to each other is read, and maps what it can")
    func loop() throws {
        var units = CharacterMapFixture.letterUnits
        // From "b" back to where every text begins.
        units[256 ^ 0x62] = (0x62 as UInt32) << 10 | 0x62
        let map = try CharacterMap(CharacterMapFixture.node(CharacterMapFixture.bytes(units, "X\0")))
        #expect(map.replacement(for: [0x62, 0x62, 0x61][...]) == [0x58])
        #expect(map.replacement(for: ArraySlice(repeatElement(0x62, count: 1000))) == nil)
    }

    @Test("A map that is cut off anywhere is refused, or maps as before")
    func cutMap() throws {
        let whole = CharacterMapFixture.letter
        for length in 0..<whole.count - 2 {
            #expect(throws: ModelError.self) {
                _ = try CharacterMap(CharacterMapFixture.node(Array(whole.prefix(length))))
            }
        }
    }
}
