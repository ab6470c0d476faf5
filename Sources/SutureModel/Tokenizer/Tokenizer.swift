// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Turns text into token ids and back, exactly as a Hugging Face `tokenizer.json` says.
///
/// Reads byte-level and SentencePiece-style byte pair encodings and Unigram models with their normalizers, pre-tokenizers,
/// post-processors and decoders; ids, offsets and decoded text equal those of the `tokenizers` package, version 0.23.
/// What a file asks for and this type does not know is refused with an error that names it.
///
/// ```swift
/// let tokenizer = try Tokenizer(folder: modelFolder)
/// let encoding = try tokenizer.encode("The Space Needle is in")
/// let text = try tokenizer.decode(encoding.ids)
/// ```
///
/// The fields `truncation` and `padding` of a file are not applied: how much text a model is given is the caller's
/// decision. Pairs of texts are not encoded; the field `pair` of a template is not read.
///
/// **Isolation:** safe to use from any thread at the same time; each call works in memory of its own.
public final class Tokenizer: Sendable {
    /// The tokens of a text.
    public struct Encoding: Sendable, Equatable {
        /// The token ids in order.
        public let ids: [Int]
        /// For each token, the range of the original text it came from, in Unicode scalars.
        ///
        /// Tokens that were added, such as a token for the beginning of a text, have the range `0..<0`. Tokens that
        /// share a scalar's bytes share its range.
        public let offsets: [Range<Int>]
    }

    /// The number of tokens, added ones included; ids may go further where a file leaves gaps.
    public let vocabularySize: Int
    /// The id of the token for the beginning of a text, where `tokenizer_config.json` names one.
    public let bosTokenID: Int?
    /// The id of the token for the end of a text, where `tokenizer_config.json` names one.
    public let eosTokenID: Int?

    /// Where the rows of an encoder–decoder model divide; nil in a model that is a decoder alone.
    let division: RowDivision?

    private let normalizer: TextNormalizer
    private let added: AddedVocabulary
    private let preTokenizer: PreTokenizer
    private let model: TokenizerModel
    private let postProcessor: TokenPostProcessor
    private let decoder: TokenDecoder
    private let workspaces = TokenizerWorkspacePool()

    /// Reads a tokenizer from the contents of a file.
    ///
    /// - Parameters:
    ///   - json: the contents of a `tokenizer.json`.
    ///   - configuration: the contents of the `tokenizer_config.json` that belongs to it, if any; only `bos_token` and
    ///     `eos_token` are read.
    ///   - decoderStart: the token with which the decoder of an encoder–decoder model begins. Special tokens then put it
    ///     after a text, and of a row of such a model, the decoder's part is what ``decode(_:skipSpecialTokens:)`` reads.
    /// - Throws: ``ModelError`` naming the first part of the file that cannot be read exactly.
    public init(json: Data, configuration: Data? = nil, decoderStart: Int? = nil) throws(ModelError) {
        let fileName = "tokenizer.json"
        let file = try TokenizerNode(try JSONValue(json, name: fileName), file: fileName, path: "")
        try file.allowOnly([
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
            "decoder", "model",
        ])
        if let version = try file.optionalString("version"), version != "1.0" {
            throw file.unsupportedOption("has version \"\(version)\"")
        }
        func component(_ key: String) throws(ModelError) -> TokenizerNode? {
            file[key] == nil ? nil : try file.node(key)
        }
        normalizer = try TextNormalizer(try component("normalizer"))
        preTokenizer = try PreTokenizer(try component("pre_tokenizer"))
        model = try TokenizerModel(try file.node("model"), endsInBytes: preTokenizer.endsInBytes)
        added = try AddedVocabulary(file, vocabulary: model.vocabulary, normalizer: normalizer)
        postProcessor = try TokenPostProcessor(
            try component("post_processor"), vocabulary: model.vocabulary, added: added)
        decoder = try TokenDecoder(try component("decoder"))
        let end = postProcessor.endToken
        division = try decoderStart.map { start throws(ModelError) in try RowDivision(end: end, start: start) }
        let vocabulary = model.vocabulary
        vocabularySize = vocabulary.count + added.tokens.values.count { vocabulary.id(of: $0.content) == nil }
        let special = try TokenizerConfiguration(configuration)
        bosTokenID = try special.id(of: "bos_token", added, vocabulary)
        eosTokenID = try special.id(of: "eos_token", added, vocabulary)
    }

    /// Reads a `tokenizer.json` and, if there is one beside it, the `tokenizer_config.json`.
    ///
    /// - Throws: ``ModelError`` with `unreadable` where the file is missing, or as
    ///   ``init(json:configuration:decoderStart:)``.
    public convenience init(contentsOf file: URL, decoderStart: Int? = nil) throws(ModelError) {
        let configuration = file.deletingLastPathComponent().appendingPathComponent("tokenizer_config.json")
        let hasConfiguration = FileManager.default.fileExists(atPath: configuration.path)
        try self.init(
            json: try Self.read(file), configuration: hasConfiguration ? try Self.read(configuration) : nil,
            decoderStart: decoderStart)
    }

    /// Reads the tokenizer of a model folder.
    ///
    /// - Parameter decoderStart: as ``init(json:configuration:decoderStart:)`` takes it.
    /// - Throws: as ``init(contentsOf:decoderStart:)``.
    public convenience init(folder: URL, decoderStart: Int? = nil) throws(ModelError) {
        try self.init(contentsOf: folder.appendingPathComponent("tokenizer.json"), decoderStart: decoderStart)
    }

    /// The tokens of a text.
    ///
    /// A character without a token becomes the unknown token. Where there is none, it vanishes from a byte pair encoding
    /// and is an error of a Unigram model. Byte-level models and models with byte fallback have tokens for all text.
    ///
    /// - Parameters:
    ///   - text: any text; special tokens written out in it are found as tokens.
    ///   - addSpecialTokens: whether the tokens a template puts around the text are added.
    /// - Throws: ``ModelError`` with `textTooLong` above 256 MiB, `patternTooSlow`, or `unknownToken` for a character that a
    ///   Unigram model without an unknown token does not have.
    public func encode(_ text: String, addSpecialTokens: Bool = true) throws(ModelError) -> Encoding {
        try Self.checkLength(text.utf8.count)
        var pieces = try added.extract(from: text, normalizer: normalizer)
        try preTokenizer.apply(to: &pieces, writesBytes: !model.readsBytes)
        try Self.checkLength(pieces.text.count, of: "normalised text", in: "scalars")
        var items = try tokenize(pieces)
        postProcessor.apply(to: &items, addsSpecialTokens: addSpecialTokens)
        if addSpecialTokens, let division { try division.begin(after: &items) }
        return Encoding(ids: items.map(\.id), offsets: items.map(\.offsets))
    }

    /// The text of tokens.
    ///
    /// Bytes that are not UTF-8 together become U+FFFD. An id without a token has no text and is left out, as the package
    /// does it: the vocabulary of a model may be padded with such ids. Of a whole row of an encoder–decoder model, the
    /// decoder's part is read, because that is the text that the model says.
    ///
    /// - Parameters:
    ///   - ids: token ids.
    ///   - skipSpecialTokens: whether special tokens are left out.
    /// - Throws: ``ModelError`` with `patternTooSlow`.
    public func decode(_ ids: [Int], skipSpecialTokens: Bool = true) throws(ModelError) -> String {
        let ids = division?.said(in: ids) ?? ids
        var tokens: [String] = []
        tokens.reserveCapacity(ids.count)
        for id in ids {
            guard let token = added.decodableContent(of: id) ?? model.vocabulary.token(for: id) else { continue }
            if skipSpecialTokens, added.isSpecial(token) { continue }
            tokens.append(token)
        }
        return try decoder.decode(tokens)
    }

    /// The token with this id as the file writes it, nil where there is none.
    public func token(for id: Int) -> String? {
        Int32(exactly: id).flatMap { added.tokens[$0]?.content } ?? model.vocabulary.token(for: id)
    }

    /// The tokens whose ids are `first` or more, by id.
    func tokens(from first: Int) -> [Int: String] {
        var found: [Int: String] = [:]
        for id in first..<max(first, model.vocabulary.endID) { found[id] = model.vocabulary.token(for: id) }
        for (id, token) in added.tokens where id >= first { found[Int(id)] = token.content }
        return found
    }

    /// The id of a token as the file writes it, nil where there is none.
    public func id(of token: String) -> Int? {
        added.id(of: token) ?? model.vocabulary.id(of: token)
    }

    /// In bytes before, and in scalars after normalisation, which may make the text longer; positions are 32-bit.
    static let longestText = 1 << 28

    static func checkLength(_ length: Int, of text: String = "text", in unit: String = "bytes") throws(ModelError) {
        guard length <= longestText else {
            throw ModelError(
                .textTooLong,
                "the \(text) has \(length) \(unit); at most \(longestText) can be encoded at once",
                hint: "encode the text in shorter parts")
        }
    }

    private func tokenize(_ pieces: PreTokenizedText) throws(ModelError) -> [TokenPostProcessor.Item] {
        var workspace = workspaces.take()
        defer { workspaces.give(workspace) }
        let bytes = TokenizerBytes(pieces.text)
        let needsSpaces = postProcessor.trimsOffsets
        var items: [TokenPostProcessor.Item] = []
        items.reserveCapacity(bytes.units.count / 3 + 1)
        try bytes.units.withUnsafeBufferPointer { units throws(ModelError) in
            for piece in pieces.pieces {
                if let token = piece.token {
                    var item = TokenPostProcessor.Item(id: Int(token), offsets: pieces.text.original(piece.range))
                    if needsSpaces { item.spaces = TokenPostProcessor.spaces(in: pieces.text.scalars[piece.range]) }
                    items.append(item)
                    continue
                }
                let range = bytes.range(of: piece.range)
                workspace.removeTokens()
                try model.encode(UnsafeBufferPointer(rebasing: units[range]), &workspace)
                for token in workspace.tokens {
                    let start = range.lowerBound
                    let scalars = bytes.scalars(of: start + Int(token.start)..<start + Int(token.end))
                    var item = TokenPostProcessor.Item(id: Int(token.id), offsets: pieces.text.original(scalars))
                    if needsSpaces {
                        item.spaces = model.spaces(of: token.id, covering: pieces.text.scalars[scalars])
                    }
                    items.append(item)
                }
            }
        }
        return items
    }

    private static func read(_ file: URL) throws(ModelError) -> Data {
        guard let data = try SmallFile.contents(atPath: file.path) else {
            throw ModelError(
                .unreadable, "\(file.path) cannot be read",
                hint: "give the folder of a model that has a tokenizer.json")
        }
        try GitLFS.refuse(data, path: file.path)
        return data
    }
}
