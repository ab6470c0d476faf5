// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("The tokenizer agrees with the reference")
struct TokenizerReferenceTests {
    @Test(
        "Ids, offsets and decoded text equal the reference's on every line of the corpus",
        arguments: TokenizerFixture.names)
    func corpus(name: String) throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("\(name).json"))
        let corpus = try TokenizerCorpus()
        var spelledOut: [Int: String] = [:]
        var hashes: [Int: String] = [:]
        let rows = try String(decoding: TokenizerFixture.data("\(name).expected.txt"), as: UTF8.self)
        for row in rows.split(separator: "\n") {
            let fields = row.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            let index = try #require(Int(fields[1]))
            if fields[0] == "line" {
                spelledOut[index] = fields.count > 2 ? fields[2] : ""
            } else {
                hashes[index] = fields[2]
            }
        }
        #expect(hashes.count == TokenizerCorpus.lineCount / TokenizerCorpus.blockSize)

        var compared = 0
        for (block, hash) in hashes.sorted(by: { $0.key < $1.key }) {
            var parts: [String] = []
            for index in block * TokenizerCorpus.blockSize..<(block + 1) * TokenizerCorpus.blockSize {
                let line = corpus.line(index)
                let encoding = try tokenizer.encode(line)
                let ids = encoding.ids.map(String.init).joined(separator: " ")
                if let expected = spelledOut[index] {
                    #expect(ids == expected, "line \(index): \(line.debugDescription)")
                }
                parts.append(ids)
                parts.append(encoding.offsets.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: " "))
                parts.append(try tokenizer.decode(encoding.ids))
                parts.append(try tokenizer.decode(encoding.ids, skipSpecialTokens: false))
                compared += 1
            }
            #expect(TokenizerFixture.hash(parts.joined(separator: "\n")) == hash, "block \(block)")
        }
        #expect(compared == TokenizerCorpus.lineCount)
    }

    @Test("A hand-written scanner equals its regular expression on every line of the corpus", arguments: [
        KnownScanner.gpt2Pattern, KnownScanner.llama3Pattern, KnownScanner.qwen2Pattern,
    ])
    func scanners(pattern: String) throws {
        let scanner = try #require(KnownScanner(pattern: pattern))
        let regex = try ScalarRegex(pattern, place: "test")
        let corpus = try TokenizerCorpus()
        for index in 0..<4000 {
            let scalars = corpus.line(index).unicodeScalars.map(\.value)
            var scanned: [Range<Int>] = []
            var matched: [Range<Int>] = []
            scanner.appendMatches(in: scalars, 0..<scalars.count, to: &scanned)
            try regex.appendMatches(in: scalars, 0..<scalars.count, to: &matched)
            #expect(scanned == matched, "line \(index)")
        }
    }
}

@Suite("Unicode is the reference's")
struct TokenizerUnicodeTests {
    private static let scalars = (UInt32(0)..<0x110000).filter { !(0xD800..<0xE000).contains($0) }

    private func expected(_ name: String) throws -> String {
        let rows = try String(decoding: TokenizerFixture.data("unicode.txt"), as: UTF8.self).split(separator: "\n")
        let row = try #require(rows.first { $0.hasPrefix(name + " ") })
        return String(row.dropFirst(name.count + 1))
    }

    @Test("Every scalar has the reference's general category")
    func categories() throws {
        let text = Self.scalars.map { UnicodeClass.categoryNames[UnicodeClass.category(of: $0)] }.joined()
        #expect(TokenizerFixture.hash(text) == (try expected("categories")))
    }

    @Test("White space, words and digits are the reference's")
    func classes() throws {
        let spaces = Self.scalars.map { UnicodeClass.isSpace($0) ? "s" : "--" }.joined()
        #expect(TokenizerFixture.hash(spaces) == (try expected("spaces")))
        let words = Self.scalars.map { UnicodeClass.isSpace($0) ? "s" : UnicodeClass.isWord($0) ? "w" : "p" }.joined()
        #expect(TokenizerFixture.hash(words) == (try expected("words")))
        let digits = Self.scalars.map { UnicodeClass.isNumeric($0) ? "1" : "0" }.joined()
        #expect(TokenizerFixture.hash(digits) == (try expected("digits")))
    }

    @Test("Every scalar has the reference's lower case")
    func lowercase() throws {
        let normalizer = try TextNormalizer(try node(#"{"type": "Lowercase"}"#))
        let result = try normalizer.apply(to: joined(Self.scalars.map { [$0] }))
        #expect(TokenizerFixture.hash(text(result)) == (try expected("lowercase")))
    }

    @Test("Every scalar has the reference's normal forms, alone and with marks", arguments: UnicodeNormalForm.allCases)
    func normalForms(form: UnicodeNormalForm) throws {
        let tables = UnicodeNormalTables.shared
        var lines: [[UInt32]] = []
        for scalar in Self.scalars {
            var parts: [UInt32] = []
            tables.forEachPart(of: scalar, isCompatible: true) { parts.append($0) }
            lines.append([scalar])
            lines.append(parts + [0x323, 0x301, 0x334])
        }
        // The line feeds between them take part in nothing, so all can be normalised at once.
        let result = form.apply(to: joined(lines))
        #expect(TokenizerFixture.hash(text(result)) == (try expected(form.rawValue)))
    }

    private func node(_ json: String) throws -> TokenizerNode {
        try TokenizerNode(try TokenizerJSON(Data(json.utf8), file: "test"), file: "test", path: "normalizer")
    }

    private func joined(_ lines: [[UInt32]]) -> AlignedText {
        var text = AlignedText()
        text.scalars = Array(lines.joined(separator: [0x0A]))
        text.starts = Array(repeating: 0, count: text.count)
        text.ends = text.starts
        return text
    }

    private func text(_ text: AlignedText) -> String { self.text(text.scalars) }

    private func text(_ scalars: [UInt32]) -> String {
        String(String.UnicodeScalarView(scalars.compactMap(Unicode.Scalar.init)))
    }
}
