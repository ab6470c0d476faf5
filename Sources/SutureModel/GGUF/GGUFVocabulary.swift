// SPDX-License-Identifier: Apache-2.0

/// The tokens of a GGUF file, by id, with what the file says of each.
struct GGUFVocabulary {
    /// The algorithm, `tokenizer.ggml.model`.
    enum Kind: String {
        /// BPE over bytes that are spelled as letters, as GPT-2 has it.
        case byteLevel = "gpt2"
        /// SentencePiece with merges and byte fallback, as Llama 2 has it.
        case sentencePiece = "llama"
    }

    /// What kind of token it is, `tokenizer.ggml.token_type`. Other numbers are ordinary tokens.
    enum TokenType: Int {
        case unknown = 2
        /// Never part of a text: "<|im_end|>".
        case control = 3
        /// Found in a text before anything else.
        case userDefined = 4
    }

    let kind: Kind
    let tokens: [String]
    /// One for each token, or empty.
    let types: [Int]
    /// One for each token, or empty. The higher, the earlier a token is merged.
    let scores: [Float]
    /// Pairs with one space between; nil in a file that leaves them to the scores.
    let merges: [(String, String)]?
    private let file: GGUFFile

    private static let prefix = "tokenizer.ggml."

    /// - Throws: `missingField`, `invalidField` or `unsupportedComponent` for a tokenizer that cannot be rebuilt.
    init(_ file: GGUFFile) throws(ModelError) {
        self.file = file
        guard let name = file.metadata[Self.prefix + "model"]?.text else {
            throw ModelError(
                .missingField, "the GGUF file '\(file.url.path)' has no tokenizer",
                hint: "give the folder of a tokenizer with --tokenizer")
        }
        guard let kind = Kind(rawValue: name) else {
            throw ModelError(
                .unsupportedComponent,
                "the tokenizer of the GGUF file '\(file.url.path)' is of the kind \"\(name)\", which is not rebuilt",
                hint: "give the folder of the original tokenizer with --tokenizer")
        }
        self.kind = kind
        tokens = try Self.list("tokens", of: file) { $0.text } ?? []
        guard !tokens.isEmpty else {
            throw ModelError(
                .missingField, "the GGUF file '\(file.url.path)' has no '\(Self.prefix)tokens'",
                hint: "give the folder of a tokenizer with --tokenizer")
        }
        types = try Self.list("token_type", of: file) { $0.integer } ?? []
        scores = try Self.list("scores", of: file) { $0.number.map { Float($0) } } ?? []
        for (key, count) in [("token_type", types.count), ("scores", scores.count)]
        where count != 0 && count != tokens.count {
            throw ModelError(
                .invalidField,
                "'\(Self.prefix)\(key)' of the GGUF file '\(file.url.path)' has \(count) entries for \(tokens.count) tokens",
                hint: "convert the model again")
        }
        merges = try Self.list("merges", of: file) { $0.text }.map { (lines) throws(ModelError) in
            try lines.map { (line) throws(ModelError) in
                let parts = line.split(separator: " ", omittingEmptySubsequences: false)
                guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                    throw ModelError(
                        .invalidField,
                        "the merge \"\(line)\" of the GGUF file '\(file.url.path)' is no pair with one space between",
                        hint: "convert the model again")
                }
                return (String(parts[0]), String(parts[1]))
            }
        }
        guard merges != nil || kind == .sentencePiece && !scores.isEmpty else {
            throw ModelError(
                .missingField,
                "the GGUF file '\(file.url.path)' has neither '\(Self.prefix)merges' nor scores to make them of",
                hint: "give the folder of the original tokenizer with --tokenizer")
        }
    }

    /// The id of a token with a role, "bos" say; nil where the file names none.
    func id(of role: String) throws(ModelError) -> Int? {
        guard let value = file.metadata["\(Self.prefix)\(role)_token_id"] else { return nil }
        guard let id = value.integer, tokens.indices.contains(id) else {
            throw ModelError(
                .invalidField,
                "'\(Self.prefix)\(role)_token_id' of the GGUF file '\(file.url.path)' is \(value.phrase), and there are "
                    + "\(tokens.count) tokens",
                hint: "convert the model again")
        }
        return id
    }

    /// A switch of the tokenizer; nil where the file does not say.
    func flag(_ key: String) -> Bool? { file.metadata[Self.prefix + key]?.boolean }

    /// The name of the rule that cuts a text before merges, `tokenizer.ggml.pre`.
    var cut: String? { file.metadata[Self.prefix + "pre"]?.text }

    var chatTemplate: String? { file.metadata["tokenizer.chat_template"]?.text }

    func type(of id: Int) -> TokenType? { types.isEmpty ? nil : TokenType(rawValue: types[id]) }

    private static func list<Element>(
        _ key: String, of file: GGUFFile, _ element: (GGUFValue) -> Element?
    ) throws(ModelError) -> [Element]? {
        guard let value = file.metadata[prefix + key] else { return nil }
        let elements = value.list.map { $0.compactMap(element) }
        guard let elements, elements.count == value.list?.count else {
            throw ModelError(
                .invalidField, "'\(prefix)\(key)' of the GGUF file '\(file.url.path)' is not a list of one kind",
                hint: "convert the model again")
        }
        return elements
    }
}
