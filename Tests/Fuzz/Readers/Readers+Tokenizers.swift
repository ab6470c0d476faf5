// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import SutureRuntime

extension FuzzReader {
    static let tokenizers: [FuzzReader] = [
        FuzzReader(
            "tokenizer", "tokenizer.json: vocabulary, merges, scores, normaliser, splits, template, decoder", .json,
            words: [
                "BPE", "ByteLevel", "Sequence", "Split", "Regex", "Replace", "Metaspace", "Prepend", "NFC", "NFKC",
                "Isolated", "MergedWithPrevious", "byte_fallback", "<0x0A>", "TemplateProcessing", "SpecialToken",
                "added_tokens", "ignore_merges", "unk_token", "WordPiece", "Lowercase", "Strip", "Fuse", "▁", "Ġ",
                "\\p{L}+", "(?i:'s)", "a{1000}", "continuing_subword_prefix", "end_of_word_suffix", "invert",
                "Unigram", "unk_id", "<unk>", "Precompiled", "precompiled_charsmap", "StripAccents", "Nmt",
                "WhitespaceSplit",
                "prepend_scheme", "always", "first", "never", "\\A", "\\z", "-1e400", "1e-400",
                "-12.345678901234567890123",
            ], seeds: { try TokenizerSeeds.files() }
        ) { folder in
            let path = folder.path("tokenizer.json")
            return { input in
                try folder.put(input, into: path)
                return try use(Tokenizer(contentsOf: URL(fileURLWithPath: path)))
            }
        },
        FuzzReader(
            "character-map", "precompiled_charsmap of a tokenizer, on texts", .binary,
            words: ["X", "\0", "\u{2581}"], seeds: { try CharacterMapSeeds.maps() }
        ) { _ in
            { input in
                let tokenizer = try Tokenizer(json: CharacterMapSeeds.tokenizer(mappingBy: input))
                return try use(tokenizer, on: TokenizerSeeds.texts + CharacterMapSeeds.texts)
            }
        },
        FuzzReader(
            "tokenizer-config", "tokenizer_config.json beside a tokenizer", .json,
            words: ["bos_token", "eos_token", "content", "<|endoftext|>", "chat_template", "add_bos_token"],
            seeds: {
                [#"{"bos_token":"<|endoftext|>","eos_token":{"content":"<|endoftext|>","lstrip":false}}"#].bytes
            }
        ) { folder in
            try folder.write(TokenizerSeeds.tiny(), to: "tokenizer.json")
            let path = folder.path("tokenizer_config.json")
            return { input in
                try folder.put(input, into: path)
                _ = try Tokenizer(folder: folder.url).eosTokenID
                return []
            }
        },
        FuzzReader(
            "chat-template", "chat_template.jinja, on messages", .text,
            words: [
                "{{", "}}", "{%", "%}", "{#", "#}", "-%}", "{%-", "for m in messages", "endfor", "if", "elif", "else",
                "endif", "set ns = namespace(a=1)", "ns.a", "macro f(a)", "endmacro", "messages[0].content", "| trim",
                "| tojson", "| join(',')", "is defined", "loop.index0", "range(100000)", "raise_exception('no')", "~",
                "* 1000", "not", "in", "[::-1]", ".split('a')", "true", "none", "'a'", "raw", "endraw", "break",
            ],
            seeds: {
                [
                    "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}{% if not loop.last %}\n{% endif %}{% endfor %}"
                        + "{% if add_generation_prompt %}<assistant>{% endif %}",
                    "{%- macro turn(m) -%}[{{ m['role'] | upper }}] {{ m['content'] }}{%- endmacro -%}"
                        + "{%- set ns = namespace(n=0) -%}{%- for m in messages -%}{%- set ns.n = ns.n + 1 -%}"
                        + "{{ turn(m) }}{{ ns.n }}{%- endfor -%}{{ messages[-1:] | tojson }}",
                    "{# c #}{% set a, b = 1, [2, 'x'] %}{{ a + b[0] if b else 'none' }}{{ 'x' in b }}{{ {'k': a}['k'] }}",
                ].bytes
            }
        ) { folder in
            try folder.write(TokenizerSeeds.tiny(), to: "tokenizer.json")
            let path = folder.path(ChatTemplate.fileName)
            return { input in
                try folder.put(input, into: path)
                let prompts = try ChatPrompts(folder: folder.url)
                _ = try prompts.prompt("Where is Rome?")
                _ = try prompts.prompt("Where is {}?", subject: "Rome")
                return []
            }
        },
        FuzzReader(
            "tokenizer-pattern", "the regular expression of a tokenizer, on a text", .text,
            words: RegexWords.all + ["(?=", "(?!", "(?>", "++", "*+", "?+", "\\p{L}", "\\p{N}{1,3}", "(?i:"],
            largest: 1 << 14,
            // A pattern that needs too many steps takes seconds to find that out in a debug build.
            countInTests: 15,
            seeds: {
                [
                    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#,
                    #"(?i:'s|'t|'re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|\s*[\r\n]+"#, #"(a|b)+c{2,5}(?>x+)y*?"#,
                    #"[a-z]+?(?=\d)|\P{Lu}{2,}"#,
                ].bytes
            }
        ) { _ in
            let texts = TokenizerSeeds.texts + [String(repeating: "a", count: 3000) + "!"]
            return { input in
                let pattern = String(decoding: input, as: UTF8.self)
                let tokenizer = try Tokenizer(json: TokenizerSeeds.tiny(splitBy: pattern))
                for text in texts { _ = try tokenizer.encode(text) }
                return []
            }
        },
        FuzzReader(
            "tokenizer-text", "text for the tokenizers of every kind that is read", .text,
            words: [
                "<|endoftext|>", "<s>", "</s>", "[INST]", " the", "Paris", "'s", "12345", "▁", "<unk>", "<0x41>", "▁▁",
            ],
            // Each input is read by a dozen tokenizers.
            largest: 1 << 16, countInTests: 60,
            seeds: { (TokenizerSeeds.texts + CharacterMapSeeds.texts.prefix(1)).bytes }
        ) { _ in
            let tokenizers = try TokenizerSeeds.files().map { try Tokenizer(json: Data($0)) }
            return { input in
                let text = String(decoding: input, as: UTF8.self)
                for tokenizer in tokenizers {
                    let encoding = try tokenizer.encode(text)
                    _ = try tokenizer.decode(encoding.ids)
                }
                return []
            }
        },
    ]

    private static func use(_ tokenizer: Tokenizer, on texts: [String] = TokenizerSeeds.texts) throws -> [String] {
        for text in texts {
            let encoding = try tokenizer.encode(text)
            _ = try tokenizer.decode(encoding.ids)
        }
        return []
    }
}

/// What the readers of regular expressions know.
enum RegexWords {
    static let all = [
        "a", "b", ".", "|", "(", ")", "(?:", "[", "]", "[^", "a-z", "*", "+", "?", "{2}", "{1,3}", "{1000}", "{,9}",
        "{0}", "{999,1000}", "\\d", "\\w", "\\s", "\\b", "^", "$", "\\A", "\\z", "(?i)", "(?s)", "(?P<n>", "\\x41",
        "\\u0041", "\\p{Lu}", "\\P{L}", "(a|b)*", "(a*)*", "((a+)+)+", "[\\w-z]", "(?:){1000}",
    ]
}

/// Tokenizers and texts to begin with.
enum TokenizerSeeds {
    /// The small tokenizers of the tests, of each kind.
    static func files() throws -> [[UInt8]] {
        let folder = FuzzFolder.root.appending(path: "Tests/SutureModelTests/Tokenizer/Fixtures")
        let names = [
            "bytes_first", "o200k", "possessive", "splits", "gpt2", "llama2", "mistral", "unigram_t5", "unigram_albert",
            "unigram_bytes", "unigram_ties",
        ]
        return try [tiny(), unigram].map { [UInt8]($0) }
            + names.map { try [UInt8](Data(contentsOf: folder.appending(path: "\($0).json"))) }
    }

    /// The tokenizer of the tiny model, with another pattern for its words.
    static func tiny(splitBy pattern: String? = nil) throws -> Data {
        var json = TinyTokenizer().json
        if let pattern {
            let split: [String: Any] = [
                "type": "Split", "pattern": ["Regex": pattern], "behavior": "Isolated", "invert": false,
            ]
            let bytes: [String: Any] = [
                "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false,
            ]
            json["pre_tokenizer"] = ["type": "Sequence", "pretokenizers": [split, bytes]] as [String: Any]
        }
        return try JSONSerialization.data(withJSONObject: json)
    }

    /// A Unigram model with a few tokens.
    static let unigram = Data(
        (#"{"model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0],["▁",-2.5],["a",-3],["aa",-4.25],"#
            + #"["aaaa",-9],["<0xC3>",-9],["<0xB1>",-9],["▁b",-1e1],["e\u0301",-5]]},"normalizer":{"type":"Nmt"},"#
            + #""pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true},"#
            + #""decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}}"#).utf8)

    static let texts = [
        "The capital of France is Paris, isn't it? 1234567890\n\n  x = a[i] += 1;\t// €ñ日本語",
        "e\u{301}\u{1F469}\u{200D}\u{1F467} \u{AC00}\u{11A8}\u{FB01} <|endoftext|></s> ",
        String(repeating: "aaaa bbbb ", count: 60),
    ]
}

/// Maps of characters to begin with.
enum CharacterMapSeeds {
    /// A map of one letter, and the one of a small tokenizer of the tests.
    static func maps() throws -> [[UInt8]] {
        var units = [UInt32](repeating: 0, count: 512)
        units[0] = 256 << 10
        units[256 ^ 0x61] = (256 ^ 0x61 ^ 128) << 10 | 0x100 | 0x61
        units[128] = 0x8000_0000
        let small = ([UInt32(units.count * 4)] + units).flatMap { word in (0..<4).map { UInt8(word >> (8 * $0) & 0xFF) }
        }
        let folder = FuzzFolder.root.appending(path: "Tests/SutureModelTests/Tokenizer/Fixtures")
        let file = try JSONValue(
            Data(contentsOf: folder.appending(path: "unigram_xlnet.json")), name: "unigram_xlnet.json")
        guard case .list(let steps)? = file["normalizer"]?["normalizers"] else { return [small + [0x58, 0]] }
        let maps = steps.compactMap { $0["precompiled_charsmap"]?.text }.compactMap { Data(base64Encoded: $0) }
        return [small + [0x58, 0]] + maps.map { [UInt8]($0) }
    }

    /// A tokenizer whose text is mapped first.
    static func tokenizer(mappingBy map: [UInt8]) throws -> Data {
        let normalizer: [String: Any] = [
            "type": "Precompiled", "precompiled_charsmap": Data(map).base64EncodedString(),
        ]
        let model: [String: Any] = ["type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1]]]
        return try JSONSerialization.data(withJSONObject: ["model": model, "normalizer": normalizer])
    }

    static let texts = [
        "a\u{301}A\u{30A}\u{1}\u{1F}b\r\n\u{2122}\u{FF21}\u{FB01}\u{3099}\u{304B}\u{3099}",
        String(String.UnicodeScalarView((UInt32(0)..<0x3100).compactMap(Unicode.Scalar.init))),
    ]
}
