// SPDX-License-Identifier: Apache-2.0
import Foundation
import SutureModel
import TestSupport

/// The corpus of make_fixtures.py, drawn again from the same fragments by the same generator.
struct TokenizerCorpus {
    static let seed: UInt64 = 20_250_117
    static let lineCount = 10_000
    static let blockSize = 40

    private struct Source: Decodable {
        let fragments: [String]
        let stretches: [[UInt32]]
    }

    /// The lines, drawn once.
    static let lines: [String] = {
        guard let data = try? TokenizerFixture.data("fragments.json"),
            let source = try? JSONDecoder().decode(Source.self, from: data)
        else { return [] }
        return (0..<lineCount).map { line($0, source) }
    }()

    private static func line(_ index: Int, _ source: Source) -> String {
        var generator = SplitMix64(state: seed &+ UInt64(index))
        var scalars = String.UnicodeScalarView()
        for _ in 0..<generator.below(14) {
            let kind = generator.below(10)
            if kind < 7 {
                if generator.below(2) == 0 { scalars.append(" ") }
                scalars.append(contentsOf: source.fragments[generator.below(source.fragments.count)].unicodeScalars)
            } else if kind == 7 {
                scalars.append(contentsOf: String(generator.below(1_000_000)).unicodeScalars)
            } else {
                let stretch = source.stretches[generator.below(source.stretches.count)]
                for _ in 0..<1 + generator.below(5) {
                    let value = stretch[0] + UInt32(generator.below(Int(stretch[1] - stretch[0])))
                    if let scalar = Unicode.Scalar(value) { scalars.append(scalar) }
                }
            }
        }
        return String(scalars)
    }
}

/// The generator of Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators* (2014).
struct SplitMix64 {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }
}

/// The files beside make_fixtures.py and make_unigram_fixtures.py.
enum TokenizerFixture {
    /// One tokenizer for each family of published models, and some for the rarer parts.
    static let names = [
        "gpt2", "neox", "llama3", "qwen2", "llama2", "mistral", "unknowns", "splits", "bytes_first", "o200k",
        "possessive",
    ]
    /// One tokenizer for each way in which Unigram models are published, and one for the rarer parts.
    static let unigrams = [
        "unigram_t5", "unigram_albert", "unigram_xlnet", "unigram_mbart", "unigram_bytes", "unigram_ties",
    ]

    static func url(_ name: String) throws -> URL {
        let script = name.hasPrefix("unigram_") ? "make_unigram_fixtures.py" : "make_fixtures.py"
        return try GoldenFile.url(
            "Tests/SutureModelTests/Tokenizer/Fixtures/\(name)",
            madeBy: "Tests/SutureModelTests/Tokenizer/\(script)")
    }

    static func data(_ name: String) throws -> Data {
        try Data(contentsOf: url(name))
    }
}

/// The FNV-1a hash, over words in place of bytes.
struct TokenizerHash {
    private var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: Int) {
        value = (value ^ UInt64(word)) &* 0x100_0000_01B3
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            add(bytes.count)
            for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
    }

    mutating func add(_ encoding: Tokenizer.Encoding) {
        add(encoding.ids.count)
        for id in encoding.ids { add(id) }
        for offset in encoding.offsets {
            add(offset.lowerBound)
            add(offset.upperBound)
        }
    }

    /// In 16 hexadecimal digits.
    var digits: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
