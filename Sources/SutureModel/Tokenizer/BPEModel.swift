// SPDX-License-Identifier: Apache-2.0

/// Byte pair encoding: the `model` of a tokenizer file.
///
/// **Source:** Sennrich, Haddow and Birch, *Neural Machine Translation of Rare Words with Subword Units* (2016), with
/// the options of the `tokenizers` package: `byte_fallback`, `fuse_unk`, `ignore_merges`.
struct BPEModel: Sendable {
    let vocabulary: TokenVocabulary
    let merges: BPEMerges
    /// Whether words are given as bytes, each of which starts as the token of its character in ``ByteAlphabet``.
    let readsBytes: Bool
    /// The whole words that are tokens as they are, with their ids; nil unless the file says `ignore_merges`.
    private let wholeWords: (words: ByteStringTable, ids: [Int32])?
    /// The token that each byte starts as (-1: none), where words are bytes.
    private let byteIDs: [Int32]
    /// The tokens of a single scalar, where words are UTF-8.
    private let scalarIDs: [UInt32: Int32]
    /// The tokens `<0x00>` to `<0xFF>` (-1: none); empty without `byte_fallback`.
    private let fallbackIDs: [Int32]
    private let unknownID: Int32?
    private let fusesUnknown: Bool
    /// For each id, the white space at both ends of its token.
    private let spaces: [(leading: Int, trailing: Int)]

    /// Reads the field `model`.
    init(_ node: TokenizerNode, readsBytes: Bool) throws(ModelError) {
        try Self.checkOptions(node)
        let vocabulary = try TokenVocabulary(node)
        self.vocabulary = vocabulary
        self.readsBytes = readsBytes
        merges = try BPEMerges(node, vocabulary: vocabulary)
        fusesUnknown = try node.bool("fuse_unk", default: false)
        if let unknown = try node.optionalString("unk_token") {
            guard let id = vocabulary.id(of: unknown) else {
                throw node.inconsistent("the unk_token \"\(unknown)\" is not in the vocabulary")
            }
            unknownID = Int32(id)
        } else {
            unknownID = nil
        }
        let byteIDs = ByteAlphabet.scalars.map { scalar in
            Self.string(scalar).flatMap { vocabulary.id(of: $0) }.map(Int32.init) ?? -1
        }
        self.byteIDs = byteIDs
        let fallsBack = try node.bool("byte_fallback", default: false)
        if fallsBack, readsBytes, byteIDs.contains(-1) {
            throw node.unsupportedOption(
                "has byte_fallback with a ByteLevel pre_tokenizer whose byte characters are not all in the vocabulary")
        }
        fallbackIDs =
            fallsBack && !readsBytes ? vocabulary.fallbackIDs : []
        var scalarIDs: [UInt32: Int32] = [:]
        var words = ByteStringTable()
        var wordIDs: [Int32] = []
        var spaces = [(leading: Int, trailing: Int)](repeating: (0, 0), count: vocabulary.endID)
        let ignoresMerges = try node.bool("ignore_merges", default: false)
        for id in 0..<vocabulary.endID {
            guard let token = vocabulary.token(for: id) else { continue }
            let scalars = token.unicodeScalars
            spaces[id] = TokenPostProcessor.spaces(in: scalars.map(\.value))
            if let first = scalars.first, scalars.count == 1 { scalarIDs[first.value] = Int32(id) }
            guard ignoresMerges, !token.isEmpty else { continue }
            // In a vocabulary over bytes, a token with other characters can never be a whole word.
            guard let bytes = readsBytes ? ByteAlphabet.bytes(of: token) : Array(token.utf8) else { continue }
            bytes.withUnsafeBufferPointer { _ = words.insert($0) }
            wordIDs.append(Int32(id))
        }
        self.scalarIDs = scalarIDs
        self.spaces = spaces
        wholeWords = ignoresMerges ? (words, wordIDs) : nil
    }

    /// The white space at both ends of a token, counting the byte character for a space.
    func spaces(of id: Int32) -> (leading: Int, trailing: Int) {
        spaces[Int(id)]
    }

    /// Appends the tokens of one word.
    ///
    /// - Parameters:
    ///   - word: the word's bytes, at least one: UTF-8.
    ///   - workspace: memory and cache, of this model only.
    func encode(_ word: UnsafeBufferPointer<UInt8>, _ workspace: inout TokenizerWorkspace) {
        if let wholeWords, let index = wholeWords.words.index(of: word) {
            workspace.append(TokenizerWorkspace.Token(id: wholeWords.ids[index], start: 0, end: Int32(word.count)))
            return
        }
        if workspace.appendCached(word) { return }
        workspace.symbols.removeAll(keepingCapacity: true)
        if readsBytes {
            addByteSymbols(word, &workspace)
        } else {
            addScalarSymbols(word, &workspace)
        }
        merges.apply(to: &workspace)
        workspace.appendSymbols(of: word)
    }

    private func addByteSymbols(_ word: UnsafeBufferPointer<UInt8>, _ workspace: inout TokenizerWorkspace) {
        var unknown = 0
        for byte in word {
            let id = byteIDs[Int(byte)]
            if id >= 0 {
                flushUnknown(&unknown, &workspace)
                workspace.add(id, length: 1)
            } else {
                addUnknown(1, &unknown, &workspace)
            }
        }
        flushUnknown(&unknown, &workspace)
    }

    private func addScalarSymbols(_ word: UnsafeBufferPointer<UInt8>, _ workspace: inout TokenizerWorkspace) {
        var unknown = 0
        var position = 0
        while position < word.count {
            let (scalar, length) = Self.scalar(in: word, at: position)
            if let id = scalarIDs[scalar] {
                flushUnknown(&unknown, &workspace)
                workspace.add(id, length: length)
            } else if hasFallback(word, position, length) {
                // As in the package, unknown characters kept back for fusing stay after these bytes.
                for byte in word[position..<position + length] {
                    workspace.add(fallbackIDs[Int(byte)], length: 1)
                }
            } else {
                addUnknown(length, &unknown, &workspace)
            }
            position += length
        }
        flushUnknown(&unknown, &workspace)
    }

    private func hasFallback(_ word: UnsafeBufferPointer<UInt8>, _ start: Int, _ length: Int) -> Bool {
        !fallbackIDs.isEmpty && word[start..<start + length].allSatisfy { fallbackIDs[Int($0)] >= 0 }
    }

    /// A character without a token; it vanishes where the model has no `unk_token`, as in the package.
    private func addUnknown(_ length: Int, _ unknown: inout Int, _ workspace: inout TokenizerWorkspace) {
        guard unknownID != nil else { return }
        if !fusesUnknown { flushUnknown(&unknown, &workspace) }
        unknown += length
    }

    private func flushUnknown(_ unknown: inout Int, _ workspace: inout TokenizerWorkspace) {
        guard unknown > 0, let unknownID else { return }
        workspace.add(unknownID, length: unknown)
        unknown = 0
    }

    private static func checkOptions(_ node: TokenizerNode) throws(ModelError) {
        try node.allowOnly([
            "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
            "byte_fallback", "ignore_merges", "vocab", "merges",
        ])
        if let dropout = node["dropout"] {
            guard dropout.number == 0 else { throw node.unsupportedOption("has a dropout") }
        }
        for option in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = try node.optionalString(option), !affix.isEmpty {
                throw node.unsupportedOption("has the \(option) \"\(affix)\"")
            }
        }
    }

    private static func string(_ scalar: UInt32) -> String? {
        Unicode.Scalar(scalar).map { String(Character($0)) }
    }

    /// Decodes one scalar of valid UTF-8.
    private static func scalar(in word: UnsafeBufferPointer<UInt8>, at position: Int) -> (UInt32, length: Int) {
        let first = UInt32(word[position])
        if first < 0x80 { return (first, 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var scalar = first & (0xFF >> UInt32(length + 1))
        for byte in word[position + 1..<position + length] { scalar = scalar << 6 | UInt32(byte & 0x3F) }
        return (scalar, length)
    }
}
