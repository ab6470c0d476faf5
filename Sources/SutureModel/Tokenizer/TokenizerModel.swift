// SPDX-License-Identifier: Apache-2.0

/// The `model` of a tokenizer file, of either kind.
enum TokenizerModel: Sendable {
    case bpe(BPEModel)
    case unigram(UnigramModel)

    static let supportedTypes = ["BPE", "Unigram"]

    /// Reads the field `model`.
    ///
    /// - Parameter endsInBytes: whether the pre-tokenizer ends in bytes, which some models look up themselves.
    init(_ node: TokenizerNode, endsInBytes: Bool) throws(ModelError) {
        // Files of early versions name no type; the package takes them by their fields, so these must be there.
        let type = try node.optionalString("type") ?? (node["merges"] == nil ? "without merges" : "BPE")
        switch type {
        case "BPE": self = .bpe(try BPEModel(node, readsBytes: endsInBytes))
        case "Unigram": self = .unigram(try UnigramModel(node))
        default: throw node.unsupportedType(type, supported: Self.supportedTypes)
        }
    }

    var vocabulary: TokenVocabulary {
        switch self {
        case .bpe(let model): model.vocabulary
        case .unigram(let model): model.vocabulary
        }
    }

    /// Whether words are given as bytes, and not as the characters that stand for them.
    var readsBytes: Bool {
        switch self {
        case .bpe(let model): model.readsBytes
        case .unigram: false
        }
    }

    /// Appends the tokens of one word.
    ///
    /// - Parameters:
    ///   - word: the word's bytes, at least one: UTF-8.
    ///   - workspace: memory and cache, of this model only.
    /// - Throws: `unknownToken` where the model has a token neither for a character nor for what is unknown.
    func encode(
        _ word: UnsafeBufferPointer<UInt8>, _ workspace: inout TokenizerWorkspace
    ) throws(ModelError) {
        switch self {
        case .bpe(let model): model.encode(word, &workspace)
        case .unigram(let model): try model.encode(word, &workspace)
        }
    }

    /// The white space at both ends of a token, counting the byte character for a space.
    ///
    /// - Parameter text: the scalars that the token covers, which an unknown token of a Unigram model reads as.
    func spaces(of id: Int32, covering text: ArraySlice<UInt32>) -> (leading: Int, trailing: Int) {
        switch self {
        case .bpe(let model): model.spaces(of: id)
        case .unigram(let model): model.spaces(of: id, covering: text)
        }
    }
}
