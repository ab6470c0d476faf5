// SPDX-License-Identifier: Apache-2.0

/// The `pre_tokenizer` of a tokenizer file, as a list of steps.
struct PreTokenizer: Sendable {
    enum PrependScheme: String, CaseIterable, Sendable {
        case first, never, always
    }

    private enum Step: Sendable {
        case byteLevel(addsPrefixSpace: Bool, splits: Bool)
        case split(TokenizerPattern, SplitBehavior, invert: Bool)
        case metaspace(UInt32, PrependScheme, splits: Bool)
        case digits(isIndividual: Bool)
        case whitespace
        case whitespaceSplit
    }

    static let supportedTypes = [
        "ByteLevel", "Split", "Sequence", "Metaspace", "Digits", "Whitespace", "WhitespaceSplit",
    ]

    private var steps: [Step] = []

    /// Reads a pre-tokenizer; nil is none.
    init(_ node: TokenizerNode?) throws(ModelError) {
        if let node { try append(node) }
    }

    /// Whether words reach the model as bytes.
    ///
    /// The characters that stand for bytes are then not written out: the model looks bytes up itself. A `ByteLevel`
    /// that is not the last step does write them out, and so does one before a model that does not look bytes up.
    var endsInBytes: Bool {
        if case .byteLevel = steps.last { true } else { false }
    }

    /// - Parameter writesBytes: whether a `ByteLevel` that is the last step writes bytes out as characters.
    func apply(to text: inout PreTokenizedText, writesBytes: Bool = false) throws(ModelError) {
        for (index, step) in steps.enumerated() {
            switch step {
            case .byteLevel(let addsPrefixSpace, let splits):
                if addsPrefixSpace { try Self.prependSpaces(&text) }
                if splits {
                    try Self.split(&text, .known(.gpt2), .isolated, invert: false)
                }
                if writesBytes || index < steps.count - 1 {
                    try text.rewrite { piece throws(ModelError) in ByteAlphabet.encode(piece) }
                }
            case .split(let pattern, let behavior, let invert):
                try Self.split(&text, pattern, behavior, invert: invert)
            case .metaspace(let replacement, let scheme, let splits):
                try Self.metaspace(&text, replacement, scheme)
                if splits { try Self.split(&text, .literal([replacement]), .mergedWithNext, invert: false) }
            case .digits(let isIndividual):
                try Self.split(&text, isIndividual ? .isolated : .contiguous, where: UnicodeClass.isNumeric)
            case .whitespace:
                try Self.splitWords(&text)
            case .whitespaceSplit:
                try Self.split(&text, .removed, where: UnicodeClass.isSpace)
            }
        }
    }

    private mutating func append(_ node: TokenizerNode) throws(ModelError) {
        let type = try node.string("type")
        switch type {
        case "Sequence":
            try node.allowOnly(["type", "pretokenizers"])
            for step in try node.nodes("pretokenizers") { try append(step) }
        case "ByteLevel":
            try node.allowOnly(["type", "add_prefix_space", "trim_offsets", "use_regex"])
            steps.append(
                .byteLevel(
                    addsPrefixSpace: try node.bool("add_prefix_space"),
                    splits: try node.bool("use_regex", default: true)))
        case "Split":
            try node.allowOnly(["type", "pattern", "behavior", "invert"])
            let name = try node.string("behavior")
            guard let behavior = SplitBehavior(rawValue: name) else {
                throw node.unsupportedOption("has the behavior \"\(name)\"")
            }
            steps.append(.split(try TokenizerPattern(node), behavior, invert: try node.bool("invert")))
        case "Metaspace":
            try node.allowOnly(["type", "replacement", "prepend_scheme", "split", "add_prefix_space", "str_rep"])
            steps.append(
                .metaspace(
                    try node.scalar("replacement"), try Self.prependScheme(node),
                    splits: try node.bool("split", default: true)))
        case "Digits":
            try node.allowOnly(["type", "individual_digits"])
            steps.append(.digits(isIndividual: try node.bool("individual_digits")))
        case "Whitespace":
            try node.allowOnly(["type"])
            steps.append(.whitespace)
        case "WhitespaceSplit":
            try node.allowOnly(["type"])
            steps.append(.whitespaceSplit)
        default:
            throw node.unsupportedType(type, supported: Self.supportedTypes)
        }
    }

    /// The prepend scheme of a `Metaspace`, which older files call `add_prefix_space`.
    static func prependScheme(_ node: TokenizerNode) throws(ModelError) -> PrependScheme {
        let name = try node.optionalString("prepend_scheme")
        guard let scheme = name.map(PrependScheme.init(rawValue:)) ?? .always else {
            throw node.unsupportedOption("has the prepend_scheme \"\(name ?? "")\"")
        }
        // The package also refuses the two fields where they contradict each other.
        if try !node.bool("add_prefix_space", default: true), scheme != .never {
            throw node.unsupportedOption("has add_prefix_space false and the prepend_scheme \"\(scheme.rawValue)\"")
        }
        return scheme
    }

    private static func split(
        _ text: inout PreTokenizedText, _ pattern: TokenizerPattern, _ behavior: SplitBehavior, invert: Bool
    ) throws(ModelError) {
        try text.split { text, range, pieces throws(ModelError) in
            let matches = try pattern.matches(in: text.scalars, range)
            PreTokenizedText.cut(range, at: matches, behavior: behavior, invert: invert, into: &pieces)
        }
    }

    /// Splits at each single scalar that `isMatch` picks.
    private static func split(
        _ text: inout PreTokenizedText, _ behavior: SplitBehavior, where isMatch: (UInt32) -> Bool
    ) throws(ModelError) {
        try text.split { text, range, pieces throws(ModelError) in
            var matches: [Range<Int>] = []
            for index in range where isMatch(text.scalars[index]) { matches.append(index..<index + 1) }
            PreTokenizedText.cut(range, at: matches, behavior: behavior, invert: false, into: &pieces)
        }
    }

    /// `\w+|[^\w\s]+`, with what lies between removed.
    private static func splitWords(_ text: inout PreTokenizedText) throws(ModelError) {
        try text.split { text, range, pieces throws(ModelError) in
            var start = range.lowerBound
            while start < range.upperBound {
                let kind = wordKind(text.scalars[start])
                var end = start + 1
                while end < range.upperBound, wordKind(text.scalars[end]) == kind { end += 1 }
                if kind != 0 { pieces.append(PreTokenizedText.Piece(range: start..<end, token: nil)) }
                start = end
            }
        }
    }

    private static func wordKind(_ scalar: UInt32) -> Int {
        UnicodeClass.isSpace(scalar) ? 0 : UnicodeClass.isWord(scalar) ? 1 : 2
    }

    private static func prependSpaces(_ text: inout PreTokenizedText) throws(ModelError) {
        try text.rewrite { piece throws(ModelError) in
            piece.scalars.first == 0x20 ? piece : piece.prepending([0x20])
        }
    }

    private static func metaspace(
        _ text: inout PreTokenizedText, _ replacement: UInt32, _ scheme: PrependScheme
    ) throws(ModelError) {
        try text.rewrite { piece throws(ModelError) in
            var piece = piece
            for index in piece.scalars.indices where piece.scalars[index] == 0x20 {
                piece.scalars[index] = replacement
            }
            guard piece.scalars.first != replacement else { return piece }
            return switch scheme {
            case .always: piece.prepending([replacement])
            case .first: piece.starts.first == 0 ? piece.prepending([replacement]) : piece
            case .never: piece
            }
        }
    }
}
