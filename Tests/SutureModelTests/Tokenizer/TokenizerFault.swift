// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@testable import SutureModel

/// A change to the smallest tokenizer file and the message it must lead to.
struct TokenizerFault: Sendable, CustomTestStringConvertible {
    let field: String
    let json: String
    let code: ModelError.Code
    let message: String

    var testDescription: String { message }

    init(_ field: String, _ json: String, _ code: ModelError.Code, _ message: String) {
        self.field = field
        self.json = json
        self.code = code
        self.message = message
    }

    static let model = #"{"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}"#

    static func added(_ content: String, id: Int, isNormalized: Bool = false) -> String {
        #"{"id": \#(id), "content": "\#(content)", "single_word": false, "lstrip": false, "rstrip": false, "#
            + #""normalized": \#(isNormalized), "special": true}"#
    }

    /// The smallest tokenizer file, with one field changed.
    static func file(replacing field: String, with json: String) -> Data {
        var fields = ["version": #""1.0""#, "model": model]
        if !field.isEmpty { fields[field] = json }
        let text = fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
        return Data("{\(text)}".utf8)
    }
}

extension TokenizerFault {
    static let components = [
        TokenizerFault(
            "normalizer", #"{"type": "Foo"}"#, .unsupportedComponent,
            "tokenizer.json: normalizer type \"Foo\" is not supported; "
                + "supported: Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, Lowercase, Strip, StripAccents, Nmt, "
                + "Precompiled"),
        TokenizerFault(
            "pre_tokenizer", #"{"type": "Sequence", "pretokenizers": [{"type": "Foo"}]}"#, .unsupportedComponent,
            "tokenizer.json: pre_tokenizer.pretokenizers[0] type \"Foo\" is not supported; "
                + "supported: ByteLevel, Split, Sequence, Metaspace, Digits, Whitespace, WhitespaceSplit"),
        TokenizerFault(
            "post_processor", #"{"type": "BertProcessing"}"#, .unsupportedComponent,
            "tokenizer.json: post_processor type \"BertProcessing\" is not supported; "
                + "supported: TemplateProcessing, ByteLevel, Sequence"),
        TokenizerFault(
            "decoder", #"{"type": "WordPiece"}"#, .unsupportedComponent,
            "tokenizer.json: decoder type \"WordPiece\" is not supported; "
                + "supported: ByteLevel, Metaspace, ByteFallback, Fuse, Replace, Strip, Sequence"),
        TokenizerFault(
            "model", #"{"type": "WordPiece", "vocab": {}}"#, .unsupportedComponent,
            "tokenizer.json: model type \"WordPiece\" is not supported; supported: BPE, Unigram"),
        TokenizerFault(
            "model", #"{"vocab": {"a": 0}}"#, .unsupportedComponent,
            "tokenizer.json: model type \"without merges\" is not supported; supported: BPE, Unigram"),
        TokenizerFault(
            "decoder", #"{"add_prefix_space": true}"#, .missingField, "tokenizer.json: decoder has no \"type\""),
    ]

    static let options = [
        TokenizerFault(
            "version", #""2.0""#, .unsupportedOption,
            "tokenizer.json has version \"2.0\", which is not supported"),
        TokenizerFault(
            "extra", "1", .unsupportedOption,
            "tokenizer.json has the unknown field \"extra\", which is not supported"),
        TokenizerFault(
            "normalizer", #"{"type": "NFC", "twice": true}"#, .unsupportedOption,
            "tokenizer.json: normalizer has the unknown field \"twice\", which is not supported"),
        TokenizerFault(
            "pre_tokenizer",
            #"{"type": "Split", "pattern": {"String": " "}, "behavior": "Doubled", "invert": false}"#,
            .unsupportedOption,
            "tokenizer.json: pre_tokenizer has the behavior \"Doubled\", which is not supported"),
        TokenizerFault(
            "pre_tokenizer", #"{"type": "Split", "pattern": {"String": ""}, "behavior": "Removed", "invert": false}"#,
            .unsupportedOption, "tokenizer.json: pre_tokenizer has an empty pattern, which is not supported"),
        TokenizerFault(
            "pre_tokenizer", #"{"type": "Metaspace", "replacement": "_", "prepend_scheme": "last"}"#,
            .unsupportedOption,
            "tokenizer.json: pre_tokenizer has the prepend_scheme \"last\", which is not supported"),
        TokenizerFault(
            "pre_tokenizer", #"{"type": "Metaspace", "replacement": "_", "add_prefix_space": false}"#,
            .unsupportedOption,
            "tokenizer.json: pre_tokenizer has add_prefix_space false and the prepend_scheme \"always\", "
                + "which is not supported"),
        TokenizerFault(
            "post_processor",
            #"{"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}], "special_tokens": {}}"#,
            .unsupportedOption,
            "tokenizer.json: post_processor.single[0] asks for the sequence \"B\" of a single text, "
                + "which is not supported"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1}"#, .unsupportedOption,
            "tokenizer.json: model has a dropout, which is not supported"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0}, "merges": [], "end_of_word_suffix": "</w>"}"#,
            .unsupportedOption,
            "tokenizer.json: model has the end_of_word_suffix \"</w>\", which is not supported"),
    ]

    static let contradictions = [
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]}"#, .inconsistentVocabulary,
            "tokenizer.json: model: merges[0] needs the token \"b\", which is not in vocab"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}"#, .inconsistentVocabulary,
            "tokenizer.json: model: the tokens \"a\" and \"b\" have the same id 0"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0, "a": 1}, "merges": []}"#, .inconsistentVocabulary,
            "tokenizer.json: model: the token \"a\" is in the vocabulary twice"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {}, "merges": []}"#, .inconsistentVocabulary,
            "tokenizer.json: model: the vocabulary is empty"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "<unk>"}"#,
            .inconsistentVocabulary, "tokenizer.json: model: the unk_token \"<unk>\" is not in the vocabulary"),
        TokenizerFault(
            "added_tokens", "[" + added("<s>", id: 7) + "]", .inconsistentVocabulary,
            "tokenizer.json: added_tokens[0]: the added token \"<s>\" has id 7, "
                + "but its place in the vocabulary is 3"),
        TokenizerFault(
            "added_tokens", "[" + added("", id: 3) + "]", .inconsistentVocabulary,
            "tokenizer.json: added_tokens[0]: an added token is empty"),
        TokenizerFault(
            "added_tokens", "[" + added("<s>", id: 3) + "," + added("<s>", id: 4) + "]", .inconsistentVocabulary,
            "tokenizer.json: added_tokens[1]: the added token \"<s>\" has id 4, "
                + "but its place in the vocabulary is 3"),
        TokenizerFault(
            "post_processor",
            #"{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}], "#
                + #""special_tokens": {"<s>": {"ids": [9]}}}"#,
            .inconsistentVocabulary,
            "tokenizer.json: post_processor.special_tokens.<s>: the id 9 is not in the vocabulary"),
    ]

    static let fields = [
        TokenizerFault("model", "null", .missingField, "tokenizer.json has no \"model\""),
        TokenizerFault("model", "[1]", .invalidField, "tokenizer.json: model is an array, but must be an object"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0}}"#, .missingField,
            "tokenizer.json: model has no \"merges\""),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": -1}, "merges": []}"#, .invalidField,
            "tokenizer.json: model.vocab[\"a\"] is the number -1, "
                + "but must be a whole number from 0 to 16777216"),
        TokenizerFault(
            "model", #"{"type": "BPE", "vocab": {"a": 0}, "merges": ["a b c"]}"#, .invalidField,
            "tokenizer.json: model.merges[0] is the string \"a b c\", "
                + "but must be two tokens, as \"a b\" or [\"a\", \"b\"]"),
        TokenizerFault(
            "pre_tokenizer", #"{"type": "ByteLevel", "add_prefix_space": "yes"}"#, .invalidField,
            "tokenizer.json: pre_tokenizer.add_prefix_space is the string \"yes\", but must be true or false"),
        TokenizerFault(
            "pre_tokenizer", #"{"type": "Metaspace", "replacement": "__"}"#, .invalidField,
            "tokenizer.json: pre_tokenizer.replacement is the string \"__\", but must be one character"),
        TokenizerFault(
            "normalizer", #"{"type": "Prepend"}"#, .missingField, "tokenizer.json: normalizer has no \"prepend\""),
        TokenizerFault(
            "normalizer", #"{"type": "Sequence", "normalizers": 3}"#, .invalidField,
            "tokenizer.json: normalizer.normalizers is the number 3, but must be an array"),
    ]
}
