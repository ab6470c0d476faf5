// SPDX-License-Identifier: Apache-2.0

extension GGUFTokenizer {
    /// What stands around the merges.
    struct Parts {
        var normalizer: JSONValue
        var preTokenizer: JSONValue
        var decoder: JSONValue

        static func byteLevel(cut: String?) -> Parts {
            func bytes(usesPattern: Bool) -> JSONValue {
                .record([
                    ("type", .text("ByteLevel")), ("add_prefix_space", .boolean(false)),
                    ("trim_offsets", .boolean(true)),
                    ("use_regex", .boolean(usesPattern)),
                ])
            }
            let preTokenizer: JSONValue =
                cut.map { pattern in
                    sequence("pretokenizers", [split("Regex", pattern, "Isolated"), bytes(usesPattern: false)])
                } ?? bytes(usesPattern: true)
            return Parts(normalizer: .null, preTokenizer: preTokenizer, decoder: bytes(usesPattern: true))
        }

        static let sentencePiece = Parts(
            normalizer: .null,
            preTokenizer: .record([
                ("type", .text("Metaspace")), ("replacement", .text("\u{2581}")), ("prepend_scheme", .text("first")),
                ("split", .boolean(false)),
            ]),
            decoder: sequence(
                "decoders",
                fallback + [
                    .record([
                        ("type", .text("Strip")), ("content", .text(" ")), ("start", .integer(1)),
                        ("stop", .integer(0)),
                    ])
                ]))

        static let gemma = Parts(
            normalizer: replace(" ", "\u{2581}"), preTokenizer: split("String", " ", "MergedWithPrevious"),
            decoder: sequence("decoders", fallback))

        private static let fallback: [JSONValue] = [
            replace("\u{2581}", " "), .record([("type", .text("ByteFallback"))]), .record([("type", .text("Fuse"))]),
        ]

        private static func sequence(_ name: String, _ parts: [JSONValue]) -> JSONValue {
            .record([("type", .text("Sequence")), (name, .list(parts))])
        }

        private static func replace(_ pattern: String, _ content: String) -> JSONValue {
            .record([
                ("type", .text("Replace")), ("pattern", .record([("String", .text(pattern))])),
                ("content", .text(content)),
            ])
        }

        private static func split(_ kind: String, _ pattern: String, _ behavior: String) -> JSONValue {
            .record([
                ("type", .text("Split")), ("pattern", .record([(kind, .text(pattern))])),
                ("behavior", .text(behavior)), ("invert", .boolean(false)),
            ])
        }
    }
}

/// The rules that cut a text before merges, by the names that GGUF files have for them.
enum GGUFCuts {
    private static let llama3 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let qwen2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let tekken =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|"#
        + #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|"#
        + #"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static let patterns: [String: String] = [
        "llama3": llama3, "llama-v3": llama3, "llama-bpe": llama3, "falcon3": llama3, "pixtral": llama3,
        "smaug-bpe": llama3, "dbrx": llama3, "tekken": tekken, "qwen2": qwen2, "deepseek-r1-qwen": qwen2,
        "megrez": qwen2,
    ]
    /// Those that are GPT-2's.
    private static let plain: Set<String> = ["gpt-2", "phi-2", "olmo", "jais", "default"]

    static func isKnown(_ name: String) -> Bool { patterns[name] != nil || plain.contains(name) }

    /// The regular expression; nil for the rule of GPT-2.
    static func pattern(_ name: String) -> String? { patterns[name] }
}
