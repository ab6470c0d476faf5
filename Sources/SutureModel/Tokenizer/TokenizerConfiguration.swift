// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a `tokenizer_config.json` says about special tokens.
struct TokenizerConfiguration {
    private let node: TokenizerNode?

    /// Reads the contents of a file; nil is none.
    init(_ json: Data?) throws(ModelError) {
        let file = "tokenizer_config.json"
        if let json {
            node = try TokenizerNode(try JSONValue(json, name: file), file: file, path: "")
        } else {
            node = nil
        }
    }

    /// The id of the token that a field names, either as a string or as an object with `content`.
    func id(
        of key: String, _ added: AddedVocabulary, _ vocabulary: TokenVocabulary
    ) throws(ModelError) -> Int? {
        guard let node, let value = node[key] else { return nil }
        let token: String
        if case .object = value {
            token = try node.node(key).string("content")
        } else {
            token = try node.string(key)
        }
        guard let id = added.id(of: token) ?? vocabulary.id(of: token) else {
            throw ModelError(
                .unknownToken,
                "tokenizer_config.json: \(key) is \"\(token)\", which is not in the vocabulary",
                hint: "use the tokenizer.json and the tokenizer_config.json of the same model")
        }
        return id
    }
}
