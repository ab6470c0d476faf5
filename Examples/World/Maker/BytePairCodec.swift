// SPDX-License-Identifier: Apache-2.0

import SutureModel

/// A byte-level byte-pair encoding: it turns text into tokens and writes itself as `tokenizer.json`.
struct BytePairCodec: Sendable {
    /// The one special token; it separates texts.
    static let endOfText = "<|endoftext|>"
    /// Its number.
    static let endOfTextToken = 0
    /// The number of the first merged token: after the end of text and the 256 bytes.
    static let firstMerge = 257

    /// The token of each byte: bytes are numbered in the order of their stand-ins.
    static let byteTokens: [Int] = {
        var tokens = [Int](repeating: 0, count: 256)
        let order = (0..<256).sorted { ByteAlphabet.characters[$0] < ByteAlphabet.characters[$1] }
        for (rank, byte) in order.enumerated() { tokens[byte] = 1 + rank }
        return tokens
    }()

    /// The merges, most important first; merge `i` makes token `firstMerge + i`.
    let merges: [BytePairTrainer.Pair]
    private let ranks: [BytePairTrainer.Pair: Int]

    init(merges: [BytePairTrainer.Pair]) {
        self.merges = merges
        ranks = Dictionary(uniqueKeysWithValues: zip(merges, 0...))
    }

    /// How many tokens there are.
    var size: Int { Self.firstMerge + merges.count }

    /// The tokens of a text that contains no special token.
    func encode(_ text: String) -> [Int] {
        PreTokenSplit.pieces(of: text).flatMap(encode(piece:))
    }

    /// The tokens with every occurrence of a pair, from left to right, replaced by one token.
    static func merging(_ pair: BytePairTrainer.Pair, into token: Int, in tokens: [Int]) -> [Int] {
        var result: [Int] = []
        var index = 0
        while index < tokens.count {
            if index + 1 < tokens.count, tokens[index] == pair.left, tokens[index + 1] == pair.right {
                result.append(token)
                index += 2
            } else {
                result.append(tokens[index])
                index += 1
            }
        }
        return result
    }

    /// The content of `tokenizer.json`, in the form that the `tokenizers` library reads.
    func json() -> JSONValue {
        let spellings = spellings()
        let byteLevel: ([(String, JSONValue)]) -> JSONValue = { .record([("type", .text("ByteLevel"))] + $0) }
        return .record([
            ("version", .text("1.0")),
            ("truncation", .null),
            ("padding", .null),
            (
                "added_tokens",
                .list([
                    .record([
                        ("id", .integer(Self.endOfTextToken)), ("content", .text(Self.endOfText)),
                        ("single_word", .boolean(false)), ("lstrip", .boolean(false)), ("rstrip", .boolean(false)),
                        ("normalized", .boolean(false)), ("special", .boolean(true)),
                    ])
                ])
            ),
            ("normalizer", .null),
            (
                "pre_tokenizer",
                byteLevel([
                    ("add_prefix_space", .boolean(false)), ("trim_offsets", .boolean(true)),
                    ("use_regex", .boolean(true)),
                ])
            ),
            (
                "post_processor",
                byteLevel([
                    ("add_prefix_space", .boolean(true)), ("trim_offsets", .boolean(false)),
                    ("use_regex", .boolean(true)),
                ])
            ),
            (
                "decoder",
                byteLevel([
                    ("add_prefix_space", .boolean(true)), ("trim_offsets", .boolean(true)),
                    ("use_regex", .boolean(true)),
                ])
            ),
            (
                "model",
                .record([
                    ("type", .text("BPE")), ("dropout", .null), ("unk_token", .null),
                    ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null),
                    ("fuse_unk", .boolean(false)), ("byte_fallback", .boolean(false)),
                    ("ignore_merges", .boolean(false)),
                    ("vocab", .record(zip(spellings, 0...).map { ($0, .integer($1)) })),
                    ("merges", .list(merges.map { .texts([spellings[$0.left], spellings[$0.right]]) })),
                ])
            ),
        ])
    }

    /// What each token stands for, in the stand-ins of the byte alphabet.
    private func spellings() -> [String] {
        var spellings = [String](repeating: Self.endOfText, count: Self.firstMerge)
        for byte in 0..<256 { spellings[Self.byteTokens[byte]] = ByteAlphabet.spelling(of: [UInt8(byte)]) }
        for merge in merges { spellings.append(spellings[merge.left] + spellings[merge.right]) }
        return spellings
    }

    private func encode(piece: String) -> [Int] {
        var tokens = piece.utf8.map { Self.byteTokens[Int($0)] }
        while tokens.count > 1 {
            let known = zip(tokens, tokens.dropFirst()).compactMap { ranks[.init(left: $0, right: $1)] }
            guard let best = known.min() else { break }
            tokens = Self.merging(merges[best], into: Self.firstMerge + best, in: tokens)
        }
        return tokens
    }
}
