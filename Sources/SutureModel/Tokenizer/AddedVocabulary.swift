// SPDX-License-Identifier: Apache-2.0

/// The `added_tokens` of a tokenizer file, found in the text before anything else looks at it.
///
/// Matching follows the `tokenizers` package: first the tokens that are not normalised, in the original text; then,
/// in the normalised stretches between them, the tokens that are. Of several tokens at one place the longest wins.
struct AddedVocabulary: Sendable {
    struct AddedToken: Sendable, Equatable {
        let content: String
        let isSingleWord: Bool
        let stripsLeft: Bool
        let stripsRight: Bool
        let isNormalized: Bool
        let isSpecial: Bool
    }

    private struct Pattern: Sendable {
        let scalars: [UInt32]
        let id: Int32
        let token: AddedToken
    }

    /// Patterns by their first scalar.
    private struct PatternTable: Sendable {
        private var patterns: [UInt32: [Pattern]] = [:]
        /// For each ASCII scalar, whether a pattern starts with it. This is enough to skip most text.
        private var startsASCII = [Bool](repeating: false, count: 0x80)

        var isEmpty: Bool { patterns.isEmpty }

        /// The patterns that start with a scalar, longest first.
        subscript(first: UInt32) -> [Pattern]? {
            first < 0x80 && !startsASCII[Int(first)] ? nil : patterns[first]
        }

        mutating func insert(_ pattern: Pattern, first: UInt32) {
            if first < 0x80 { startsASCII[Int(first)] = true }
            var list = patterns[first] ?? []
            let place = list.firstIndex { $0.scalars.count < pattern.scalars.count } ?? list.count
            list.insert(pattern, at: place)
            patterns[first] = list
        }
    }

    /// The added tokens by id.
    private(set) var tokens: [Int32: AddedToken] = [:]
    private var ids: [[UInt8]: Int32] = [:]
    /// What a normalised token looks like in the text, where that differs from its content.
    private var normalizedContents: [Int32: String] = [:]
    private var specialContents: Set<[UInt8]> = []
    private var originalPatterns = PatternTable()
    private var normalizedPatterns = PatternTable()

    /// Reads the field `added_tokens`.
    ///
    /// A token that the model's vocabulary has keeps that id; the others must be numbered without gaps from the end of
    /// the vocabulary, as the package numbers them whatever the file says.
    init(
        _ file: TokenizerNode, vocabulary: TokenVocabulary, normalizer: TextNormalizer
    ) throws(ModelError) {
        let nodes = file["added_tokens"] == nil ? [] : try file.nodes("added_tokens")
        var next = vocabulary.count
        for node in nodes {
            let (token, id) = try Self.read(node)
            guard !token.content.isEmpty else { throw node.inconsistent("an added token is empty") }
            let bytes = Array(token.content.utf8)
            let actual: Int
            if let known = ids[bytes].map(Int.init) ?? vocabulary.id(of: token.content) {
                actual = known
            } else {
                actual = next
                next += 1
            }
            guard actual == id else {
                throw node.inconsistent(
                    "the added token \"\(token.content)\" has id \(id), but its place in the vocabulary is \(actual)")
            }
            tokens[Int32(id)] = token
            ids[bytes] = Int32(id)
            if token.isSpecial { specialContents.insert(bytes) }
        }
        for (id, token) in tokens.sorted(by: { $0.key < $1.key }) {
            try add(token, id, normalizer, file)
        }
    }

    func id(of content: String) -> Int? {
        ids[Array(content.utf8)].map(Int.init)
    }

    /// How a token enters decoding: as it was in the normalised text, so that the decoder can undo the normalisation.
    func decodableContent(of id: Int) -> String? {
        guard let id = Int32(exactly: id), let token = tokens[id] else { return nil }
        return normalizedContents[id] ?? token.content
    }

    /// Whether decoding leaves out a token that reads `content`.
    func isSpecial(_ content: String) -> Bool {
        specialContents.contains(Array(content.utf8))
    }

    /// Finds the added tokens and normalises the stretches between them.
    func extract(from text: String, normalizer: TextNormalizer) throws(ModelError) -> PreTokenizedText {
        var result = PreTokenizedText(AlignedText(text))
        if !originalPatterns.isEmpty {
            try result.split { text, range, pieces throws(ModelError) in
                Self.find(originalPatterns, in: text.scalars, range, into: &pieces)
            }
        }
        if !normalizer.isEmpty {
            try result.rewrite { piece throws(ModelError) in try normalizer.apply(to: piece) }
        }
        try result.split { text, range, pieces throws(ModelError) in
            Self.find(normalizedPatterns, in: text.scalars, range, into: &pieces)
        }
        return result
    }

    private mutating func add(
        _ token: AddedToken, _ id: Int32, _ normalizer: TextNormalizer, _ file: TokenizerNode
    ) throws(ModelError) {
        var scalars = token.content.unicodeScalars.map(\.value)
        if token.isNormalized {
            let normalized = try normalizer.apply(to: token.content)
            if normalized != scalars {
                scalars = normalized
                normalizedContents[id] = String(String.UnicodeScalarView(scalars.compactMap(Unicode.Scalar.init)))
            }
        }
        guard let first = scalars.first else {
            throw file.inconsistent("the added token \"\(token.content)\" is empty once normalised")
        }
        let pattern = Pattern(scalars: scalars, id: id, token: token)
        let known = token.isNormalized ? normalizedPatterns[first] : originalPatterns[first]
        guard known?.contains(where: { $0.scalars == scalars }) != true else {
            throw file.inconsistent("the added token \"\(token.content)\" cannot be told from another one")
        }
        if token.isNormalized {
            normalizedPatterns.insert(pattern, first: first)
        } else {
            originalPatterns.insert(pattern, first: first)
        }
    }

    private static func read(_ node: TokenizerNode) throws(ModelError) -> (AddedToken, id: Int) {
        try node.allowOnly(["id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"])
        let token = AddedToken(
            content: try node.string("content"),
            isSingleWord: try node.bool("single_word"),
            stripsLeft: try node.bool("lstrip"),
            stripsRight: try node.bool("rstrip"),
            isNormalized: try node.bool("normalized"),
            isSpecial: try node.bool("special"))
        return (token, try node.integer("id"))
    }

    private static func find(
        _ table: PatternTable, in scalars: [UInt32], _ range: Range<Int>,
        into pieces: inout [PreTokenizedText.Piece]
    ) {
        // How far the text has been handed on, and where the search continues.
        var done = range.lowerBound
        var position = range.lowerBound
        while !table.isEmpty, position < range.upperBound {
            guard let pattern = longestMatch(table, in: scalars, position, range.upperBound) else {
                position += 1
                continue
            }
            var start = position
            var end = position + pattern.scalars.count
            position = end
            if pattern.token.isSingleWord {
                let joinsLeft = start > range.lowerBound && UnicodeClass.isWord(scalars[start - 1])
                let joinsRight = end < range.upperBound && UnicodeClass.isWord(scalars[end])
                if joinsLeft || joinsRight { continue }
            }
            if pattern.token.stripsLeft {
                while start > max(done, range.lowerBound), UnicodeClass.isSpace(scalars[start - 1]) { start -= 1 }
            }
            if pattern.token.stripsRight {
                while end < range.upperBound, UnicodeClass.isSpace(scalars[end]) { end += 1 }
            }
            if done < start { pieces.append(PreTokenizedText.Piece(range: done..<start, token: nil)) }
            pieces.append(PreTokenizedText.Piece(range: start..<end, token: pattern.id))
            done = end
        }
        if done < range.upperBound { pieces.append(PreTokenizedText.Piece(range: done..<range.upperBound, token: nil)) }
    }

    private static func longestMatch(
        _ table: PatternTable, in scalars: [UInt32], _ start: Int, _ limit: Int
    ) -> Pattern? {
        guard let candidates = table[scalars[start]] else { return nil }
        return candidates.first { pattern in
            guard pattern.scalars.count <= limit - start else { return false }
            for offset in 0..<pattern.scalars.count where scalars[start + offset] != pattern.scalars[offset] {
                return false
            }
            return true
        }
    }
}
