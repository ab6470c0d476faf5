// SPDX-License-Identifier: Apache-2.0
import Foundation

/// tokenizer.json and its settings, made of what a GGUF file says of its tokenizer.
///
/// The result gives the tokens that transformers (5.24) gives with the same file. A GGUF file names the rule that cuts a text before
/// merges and does not spell it out; where transformers has no rule of that name, it takes that of GPT-2, and so does this.
package struct GGUFTokenizer {
    /// tokenizer.json
    package let tokenizer: JSONValue
    /// tokenizer_config.json
    package let settings: JSONValue
    /// chat_template.jinja; nil where the file has none.
    package let chatTemplate: String?
    /// What a reader should know of the result.
    package let warnings: [String]

    /// - Throws: `missingField`, `invalidField` or `unsupportedComponent`.
    package init(_ file: GGUFFile, family: GGUFFamily) throws(ModelError) {
        let vocabulary = try GGUFVocabulary(file)
        let roles = try Roles(vocabulary)
        let isGemma = family.ordersMergesByToken
        var warnings: [String] = []
        let parts: Parts
        switch vocabulary.kind {
        case .byteLevel:
            let cut = vocabulary.cut ?? "default"
            if !GGUFCuts.isKnown(cut) {
                warnings.append(
                    "the file cuts texts by the rule \"\(cut)\", which is not known here; GPT-2's is used, as in transformers, and "
                        + "texts with digits or spaces in a row may get other tokens. The original tokenizer can be given with "
                        + "--tokenizer")
            }
            parts = .byteLevel(cut: GGUFCuts.pattern(cut))
        case .sentencePiece: parts = isGemma ? .gemma : .sentencePiece
        }
        let spelled = Self.spelled(vocabulary, isGemma: isGemma)
        let merges =
            vocabulary.merges
            ?? GGUFMerges.make(
                spelled, ranks: isGemma ? spelled.indices.map { -Double($0) } : vocabulary.scores.map { Double($0) })
        tokenizer = .record([
            ("version", .text("1.0")), ("truncation", .null), ("padding", .null),
            ("added_tokens", Self.added(vocabulary, roles, spelled)), ("normalizer", parts.normalizer),
            ("pre_tokenizer", parts.preTokenizer), ("post_processor", roles.template), ("decoder", parts.decoder),
            (
                "model",
                .record([
                    ("type", .text("BPE")), ("dropout", .null),
                    ("unk_token", isGemma ? roles.unknown.map { .text($0) } ?? .null : .null),
                    ("continuing_subword_prefix", .null), ("end_of_word_suffix", .null),
                    ("fuse_unk", .boolean(vocabulary.kind == .sentencePiece)),
                    ("byte_fallback", .boolean(vocabulary.kind == .sentencePiece)), ("ignore_merges", .boolean(false)),
                    ("vocab", Self.vocabulary(spelled)),
                    ("merges", .list(merges.map { .texts([$0.0, $0.1]) })),
                ])
            ),
        ])
        settings = roles.settings
        chatTemplate = vocabulary.chatTemplate
        self.warnings = warnings
    }

    // MARK: Tokens

    /// The tokens as tokenizer.json spells them.
    private static func spelled(_ vocabulary: GGUFVocabulary, isGemma: Bool) -> [String] {
        switch vocabulary.kind {
        case .byteLevel:
            // Tokens that were added are kept in plain text; they are found whole, whatever they are spelled like.
            vocabulary.tokens
        case .sentencePiece where isGemma:
            vocabulary.tokens.map { token in
                let isSpace = token.contains(" ") && token.unicodeScalars.allSatisfy(\.properties.isWhitespace)
                return isSpace ? String(repeating: "\u{2581}", count: token.unicodeScalars.count) : token
            }
        case .sentencePiece: vocabulary.tokens
        }
    }

    /// Of a token that appears twice, the later id counts.
    private static func vocabulary(_ tokens: [String]) -> JSONValue {
        var last: [[UInt8]: Int] = [:]
        last.reserveCapacity(tokens.count)
        for (id, token) in tokens.enumerated() { last[Array(token.utf8)] = id }
        return .object(
            tokens.enumerated().compactMap { id, token in
                last[Array(token.utf8)] == id ? JSONValue.Member(key: token, value: .integer(id)) : nil
            })
    }

    private static func added(_ vocabulary: GGUFVocabulary, _ roles: Roles, _ spelled: [String]) -> JSONValue {
        .list(
            vocabulary.tokens.enumerated().compactMap { id, token in
                let type = vocabulary.type(of: id)
                let isSpecial = type == .control || roles.ids.contains(id)
                // Spaces in a row of a Gemma are spelled otherwise, so that merges make them.
                guard isSpecial || type == .userDefined && spelled[id] == token, !token.isEmpty else { return nil }
                return .record([
                    ("id", .integer(id)), ("content", .text(token)), ("single_word", .boolean(false)),
                    ("lstrip", .boolean(false)), ("rstrip", .boolean(false)), ("normalized", .boolean(false)),
                    ("special", .boolean(isSpecial)),
                ])
            })
    }

    // MARK: Roles

    /// Which tokens begin, end and fill up texts.
    private struct Roles {
        let ids: Set<Int>
        let unknown: String?
        let template: JSONValue
        let settings: JSONValue

        init(_ vocabulary: GGUFVocabulary) throws(ModelError) {
            var tokens: [String: (id: Int, token: String)] = [:]
            for (role, name) in [("bos", "bos"), ("eos", "eos"), ("unknown", "unk"), ("padding", "pad")] {
                if let id = try vocabulary.id(of: role) { tokens[name] = (id, vocabulary.tokens[id]) }
            }
            ids = Set(tokens.values.map(\.id))
            unknown = tokens["unk"]?.token
            // llama.cpp begins texts of a SentencePiece vocabulary unless the file says otherwise.
            let begins = vocabulary.flag("add_bos_token") ?? (vocabulary.kind == .sentencePiece)
            let first = begins ? tokens["bos"] : nil
            let last = vocabulary.flag("add_eos_token") ?? false ? tokens["eos"] : nil
            template = Self.template(first, last)
            settings = .record(
                [
                    ("tokenizer_class", .text("PreTrainedTokenizerFast")), ("add_bos_token", .boolean(first != nil)),
                    ("add_eos_token", .boolean(last != nil)), ("clean_up_tokenization_spaces", .boolean(false)),
                ]
                    + ["bos", "eos", "unk", "pad"].compactMap { name in
                        tokens[name].map { ("\(name)_token", .text($0.token)) }
                    })
        }

        private static func template(_ first: (id: Int, token: String)?, _ last: (id: Int, token: String)?) -> JSONValue
        {
            func special(_ token: String, _ part: Int) -> JSONValue {
                .record([("SpecialToken", .record([("id", .text(token)), ("type_id", .integer(part))]))])
            }
            func sequence(_ name: String, _ part: Int) -> [JSONValue] {
                (first.map { [special($0.token, part)] } ?? [])
                    + [.record([("Sequence", .record([("id", .text(name)), ("type_id", .integer(part))]))])]
                    + (last.map { [special($0.token, part)] } ?? [])
            }
            var specials: [JSONValue.Member] = []
            for (id, token) in [first, last].compactMap(\.self) where !specials.contains(where: { $0.key == token }) {
                specials.append(
                    JSONValue.Member(
                        key: token,
                        value: .record([
                            ("id", .text(token)), ("ids", .list([.integer(id)])), ("tokens", .texts([token])),
                        ])))
            }
            return .record([
                ("type", .text("TemplateProcessing")), ("single", .list(sequence("A", 0))),
                ("pair", .list(sequence("A", 0) + sequence("B", 1))), ("special_tokens", .object(specials)),
            ])
        }
    }
}
