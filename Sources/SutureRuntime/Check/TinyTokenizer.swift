// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The tokenizer of ``TinyModel``: a byte-level BPE whose merges spell a list of words.
package struct TinyTokenizer {
    private static let words = [
        " is", " the", " capital", " of", " in", " a", " plays", " Paris", " Rome", "The", " tower", " Eiffel",
        "Eiffel", " Mount", "Mount", " Etna", " lies", " mother", " tongue",
    ]

    package let vocabulary: [String: Int]
    let merges: [String]

    package init() {
        var vocabulary: [String: Int] = ["<|endoftext|>": 0]
        func add(_ token: String) { if vocabulary[token] == nil { vocabulary[token] = vocabulary.count } }
        var next = 256
        let symbols = (0..<256).map { byte -> String in
            let isPlain = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
            defer { if !isPlain { next += 1 } }
            return String(Character(UnicodeScalar(UInt32(isPlain ? byte : next)) ?? " "))
        }
        for symbol in symbols { add(symbol) }
        var merges: [String] = []
        for word in TinyTokenizer.words {
            let pieces = word.utf8.map { symbols[Int($0)] }
            var left = pieces[0]
            for piece in pieces.dropFirst() {
                let merge = "\(left) \(piece)"
                if !merges.contains(merge) { merges.append(merge) }
                left += piece
                add(left)
            }
        }
        self.vocabulary = vocabulary
        self.merges = merges
    }

    /// The content of tokenizer.json.
    package var json: [String: Any] {
        let byteLevel: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
        ]
        let mark: [String: Any] = [
            "id": 0, "content": "<|endoftext|>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true,
        ]
        return [
            "version": "1.0", "truncation": NSNull(), "padding": NSNull(), "added_tokens": [mark],
            "normalizer": NSNull(), "pre_tokenizer": byteLevel, "post_processor": byteLevel, "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(), "continuing_subword_prefix": NSNull(),
                "end_of_word_suffix": NSNull(), "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": vocabulary, "merges": merges,
            ] as [String: Any],
        ]
    }
}
