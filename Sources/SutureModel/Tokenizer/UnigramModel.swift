// SPDX-License-Identifier: Apache-2.0

/// The Unigram model of SentencePiece: the `model` of a tokenizer file.
///
/// Of all ways to cut a word into tokens it takes the one whose scores have the largest sum. A character that is no token by
/// itself may be unknown, which costs more than any token. Neighbouring unknown characters are one token.
///
/// **Source:** Kudo, *Subword Regularization* (2018), with the search of the `tokenizers` package: scores are added from left
/// to right, and of two ways with equal sums the one that was found first stays, which is the one whose last token is longer.
struct UnigramModel: Sendable {
    /// In bytes. A text takes at most this many steps for each of its bytes. SentencePiece learns no
    /// token of more than 16 characters unless it is told to.
    static let longestToken = 1024
    /// How much less than the lowest score an unknown character has.
    private static let unknownPenalty = 10.0

    let vocabulary: TokenVocabulary
    private let trie: TokenTrie
    /// For each id, its score.
    private let scores: [Double]
    private let unknownID: Int32?
    private let unknownScore: Double
    /// The tokens `<0x00>` to `<0xFF>` (-1: none); empty without `byte_fallback`.
    private let fallbackIDs: [Int32]

    /// Reads the field `model`.
    init(_ node: TokenizerNode) throws(ModelError) {
        try node.allowOnly(["type", "unk_id", "vocab", "byte_fallback"])
        let (tokens, scores) = try Self.pairs(node)
        let vocabulary = try TokenVocabulary(tokens, node)
        self.vocabulary = vocabulary
        self.scores = scores
        trie = TokenTrie(vocabulary)
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        if node["unk_id"] == nil {
            unknownID = nil
        } else {
            let id = try node.integer("unk_id")
            guard id < tokens.count else {
                throw node.inconsistent("the unk_id is \(id), but the vocabulary has \(tokens.count) tokens")
            }
            unknownID = Int32(id)
        }
        fallbackIDs = try node.bool("byte_fallback", default: false) ? vocabulary.fallbackIDs : []
    }

    /// Appends the tokens of one word.
    ///
    /// Cost: one step for each byte of each token that the text may have at each of its characters.
    ///
    /// - Parameters:
    ///   - word: the word's bytes, at least one: UTF-8.
    ///   - workspace: memory and cache, of this model only.
    /// - Throws: `unknownToken` where a character has no token and the file has no `unk_id`.
    func encode(
        _ word: UnsafeBufferPointer<UInt8>, _ workspace: inout TokenizerWorkspace
    ) throws(ModelError) {
        if workspace.appendCached(word) { return }
        try findBestPath(word, &workspace)
        collectPieces(word.count, &workspace)
        let first = workspace.tokens.count
        for piece in workspace.pieces.reversed() {
            if piece.id == unknownID {
                try appendUnknown(word, Int(piece.start)..<Int(piece.end), &workspace)
            } else {
                workspace.append(piece)
            }
        }
        workspace.remember(word, from: first)
    }

    /// The white space at both ends of a token, whose string is the text itself where the token is unknown.
    func spaces(of id: Int32, covering text: ArraySlice<UInt32>) -> (leading: Int, trailing: Int) {
        guard id != unknownID, let token = vocabulary.token(for: Int(id)) else {
            return TokenPostProcessor.spaces(in: text)
        }
        return TokenPostProcessor.spaces(in: token.unicodeScalars.map(\.value))
    }

    /// Finds for each place in the word the best way to get there, as its last token.
    private func findBestPath(
        _ word: UnsafeBufferPointer<UInt8>, _ workspace: inout TokenizerWorkspace
    ) throws(ModelError) {
        workspace.removePaths(count: word.count + 1)
        var start = 0
        while start < word.count {
            let score = workspace.paths[start].score
            let length = Self.length(from: word[start])
            var hasSingle = false
            var node = TokenTrie.root
            var end = start
            while end < word.count, let child = trie.child(of: node, word[end]) {
                node = child
                end += 1
                guard let id = trie.id(at: node) else { continue }
                workspace.paths[end].improve(to: scores[Int(id)] + score, from: start, id)
                if end - start == length { hasSingle = true }
            }
            workspace.steps += end - start + 1
            if !hasSingle {
                let end = start + length
                if workspace.paths[end].improve(to: unknownScore + score, from: start, unknownID ?? -1),
                    unknownID == nil
                {
                    throw missingUnknown(word, start..<end)
                }
            }
            start += length
        }
    }

    /// Goes back along the best path. The pieces come last first, and neighbouring unknown ones are one piece.
    private func collectPieces(_ count: Int, _ workspace: inout TokenizerWorkspace) {
        workspace.pieces.removeAll(keepingCapacity: true)
        var end = Int32(count)
        while end > 0 {
            let path = workspace.paths[Int(end)]
            if path.id == unknownID, let last = workspace.pieces.last, last.id == unknownID {
                workspace.pieces[workspace.pieces.count - 1].start = path.start
            } else {
                workspace.pieces.append(TokenizerWorkspace.Token(id: path.id, start: path.start, end: end))
            }
            end = path.start
        }
    }

    /// Appends the token of an unknown stretch, or the tokens of its bytes, each of which covers the whole stretch.
    private func appendUnknown(
        _ word: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ workspace: inout TokenizerWorkspace
    ) throws(ModelError) {
        let (start, end) = (Int32(range.lowerBound), Int32(range.upperBound))
        let bytes = UnsafeBufferPointer(rebasing: word[range])
        // Unknown characters may spell a token together, where scores are such that it was not taken.
        if let id = vocabulary.id(of: bytes) {
            workspace.append(TokenizerWorkspace.Token(id: id, start: start, end: end))
        } else if !fallbackIDs.isEmpty, bytes.allSatisfy({ fallbackIDs[Int($0)] >= 0 }) {
            for byte in bytes {
                workspace.append(TokenizerWorkspace.Token(id: fallbackIDs[Int(byte)], start: start, end: end))
            }
        } else if let unknownID {
            workspace.append(TokenizerWorkspace.Token(id: unknownID, start: start, end: end))
        }
    }

    private func missingUnknown(_ word: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> ModelError {
        let character = String(decoding: word[range], as: UTF8.self).unicodeScalars.first
        let code = String(character?.value ?? 0, radix: 16, uppercase: true)
        return ModelError(
            .unknownToken,
            "the text has the character U+\(String(repeating: "0", count: max(0, 4 - code.count)))\(code), for which the "
                + "tokenizer has no token, and its model has no unk_id",
            hint: "leave the character out, or use a model whose tokenizer has a token for unknown characters")
    }

    /// The tokens and their scores.
    private static func pairs(_ node: TokenizerNode) throws(ModelError) -> (tokens: [String], scores: [Double]) {
        let entries = try node.array("vocab")
        var tokens: [String] = []
        var scores: [Double] = []
        tokens.reserveCapacity(entries.count)
        scores.reserveCapacity(entries.count)
        for (index, entry) in entries.enumerated() {
            guard case .list(let pair) = entry, pair.count == 2, let token = pair[0].text else {
                throw node.invalid("vocab[\(index)]", entry, "a token and its score, as [\"a\", -1.5]")
            }
            guard case .number(let digits) = pair[1], let score = UnigramScore.parse(digits) else {
                throw node.invalid("vocab[\(index)][1]", pair[1], "a finite number, the score of a token")
            }
            guard token.utf8.count <= longestToken else {
                throw node.unsupportedOption(
                    "has a token of \(token.utf8.count) bytes at vocab[\(index)], which is more than \(longestToken)")
            }
            tokens.append(token)
            scores.append(score)
        }
        return (tokens, scores)
    }

    /// The bytes of the character that begins with a byte.
    private static func length(from byte: UInt8) -> Int {
        byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
    }
}
