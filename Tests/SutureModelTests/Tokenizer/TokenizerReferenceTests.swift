// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

@Suite("The tokenizer agrees with the reference")
struct TokenizerReferenceTests {
    @Test(
        "Ids, offsets and decoded text equal the reference's on every line of the corpus",
        arguments: TokenizerFixture.names + TokenizerFixture.unigrams)
    func corpus(name: String) throws {
        let tokenizer = try Tokenizer(json: TokenizerFixture.data("\(name).json"))
        let corpus = TokenizerCorpus.lines
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
            var actual = TokenizerHash()
            for index in block * TokenizerCorpus.blockSize..<(block + 1) * TokenizerCorpus.blockSize {
                let encoding = try tokenizer.encode(corpus[index])
                if let expected = spelledOut[index] {
                    let ids = encoding.ids.map(String.init).joined(separator: " ")
                    #expect(ids == expected, "line \(index): \(corpus[index].debugDescription)")
                }
                actual.add(encoding)
                actual.add(try tokenizer.decode(encoding.ids))
                actual.add(try tokenizer.decode(encoding.ids, skipSpecialTokens: false))
                compared += 1
            }
            #expect(actual.digits == hash, "block \(block)")
        }
        #expect(compared == TokenizerCorpus.lineCount)
    }

    @Test(
        "A hand-written scanner equals its regular expression on every line of the corpus",
        arguments: [
            KnownScanner.gpt2Pattern, KnownScanner.llama3Pattern, KnownScanner.qwen2Pattern,
        ])
    func scanners(pattern: String) throws {
        let scanner = try #require(KnownScanner(pattern: pattern))
        let regex = try ScalarRegex(pattern, place: "test")
        let corpus = TokenizerCorpus.lines
        for index in 0..<4000 {
            let scalars = corpus[index].unicodeScalars.map(\.value)
            var scanned: [Range<Int>] = []
            var matched: [Range<Int>] = []
            scanner.appendMatches(in: scalars, 0..<scalars.count, to: &scanned)
            try regex.appendMatches(in: scalars, 0..<scalars.count, to: &matched)
            #expect(scanned == matched, "line \(index)")
        }
    }
}
