// SPDX-License-Identifier: Apache-2.0

/// The `post_processor` of a tokenizer file, for single texts.
struct TokenPostProcessor: Sendable {
    /// A token on its way out.
    struct Item {
        var id: Int
        /// In Unicode scalars of the original text.
        var offsets: Range<Int>
        /// The white space its string starts and ends with, counting the byte character for a space.
        var spaces: (leading: Int, trailing: Int) = (0, 0)
    }

    private enum Part: Sendable {
        case text
        case special([Int])
    }

    private enum Step: Sendable {
        case trimOffsets(addsPrefixSpace: Bool)
        case template([Part])
    }

    static let supportedTypes = ["TemplateProcessing", "ByteLevel", "Sequence"]

    private var steps: [Step] = []

    /// Reads a post-processor; nil is none.
    init(_ node: TokenizerNode?, vocabulary: TokenVocabulary, added: AddedVocabulary) throws(ModelError) {
        if let node { try append(node, vocabulary, added) }
    }

    /// Whether offsets are trimmed, so that items need their `spaces`.
    var trimsOffsets: Bool {
        steps.contains { step in if case .trimOffsets = step { true } else { false } }
    }

    /// The token that a template puts at the end of every text; nil where there is none.
    var endToken: Int? {
        for case .template(let parts) in steps.reversed() {
            guard case .special(let ids)? = parts.last else { return nil }
            return ids.last
        }
        return nil
    }

    func apply(to items: inout [Item], addsSpecialTokens: Bool) {
        for step in steps {
            switch step {
            case .trimOffsets(let addsPrefixSpace):
                for index in items.indices {
                    Self.trim(&items[index], isFirst: index == 0, addsPrefixSpace: addsPrefixSpace)
                }
            case .template(let parts):
                var result: [Item] = []
                result.reserveCapacity(items.count + parts.count)
                for part in parts {
                    switch part {
                    case .text:
                        result.append(contentsOf: items)
                    case .special(let ids):
                        guard addsSpecialTokens else { continue }
                        for id in ids { result.append(Item(id: id, offsets: 0..<0)) }
                    }
                }
                items = result
            }
        }
    }

    /// The white space at both ends of a token's string.
    static func spaces(in scalars: some BidirectionalCollection<UInt32>) -> (leading: Int, trailing: Int) {
        func isSpace(_ scalar: UInt32) -> Bool {
            scalar == ByteAlphabet.scalars[0x20] || UnicodeClass.isSpace(scalar)
        }
        return (scalars.prefix(while: isSpace).count, scalars.reversed().prefix(while: isSpace).count)
    }

    private mutating func append(
        _ node: TokenizerNode, _ vocabulary: TokenVocabulary, _ added: AddedVocabulary
    ) throws(ModelError) {
        let type = try node.string("type")
        switch type {
        case "Sequence":
            try node.allowOnly(["type", "processors"])
            for step in try node.nodes("processors") { try append(step, vocabulary, added) }
        case "ByteLevel":
            try node.allowOnly(["type", "add_prefix_space", "trim_offsets", "use_regex"])
            guard try node.bool("trim_offsets") else { return }
            steps.append(.trimOffsets(addsPrefixSpace: try node.bool("add_prefix_space")))
        case "TemplateProcessing":
            try node.allowOnly(["type", "single", "pair", "special_tokens"])
            let special = try node.node("special_tokens")
            var parts: [Part] = []
            for part in try node.nodes("single") {
                parts.append(try Self.read(part, special, vocabulary, added))
            }
            steps.append(.template(parts))
        default:
            throw node.unsupportedType(type, supported: Self.supportedTypes)
        }
    }

    private static func read(
        _ node: TokenizerNode, _ special: TokenizerNode, _ vocabulary: TokenVocabulary, _ added: AddedVocabulary
    ) throws(ModelError) -> Part {
        try node.allowOnly(["Sequence", "SpecialToken"])
        if node["Sequence"] != nil {
            let id = try node.node("Sequence").string("id")
            guard id == "A" else { throw node.unsupportedOption("asks for the sequence \"\(id)\" of a single text") }
            return .text
        }
        let name = try node.node("SpecialToken").string("id")
        let token = try special.node(name)
        var ids: [Int] = []
        for value in try token.array("ids") {
            guard let id = TokenizerNode.identifier(value) else {
                throw token.invalid("ids", value, "a list of whole numbers")
            }
            guard vocabulary.token(for: id) != nil || added.decodableContent(of: id) != nil else {
                throw token.inconsistent("the id \(id) is not in the vocabulary")
            }
            ids.append(id)
        }
        return .special(ids)
    }

    /// As `process_offsets` of the package, which leaves one leading space to a token that had it put before.
    private static func trim(_ item: inout Item, isFirst: Bool, addsPrefixSpace: Bool) {
        var (start, end) = (item.offsets.lowerBound, item.offsets.upperBound)
        var leading = item.spaces.leading
        if isFirst || start == 0, addsPrefixSpace, leading == 1 { leading = 0 }
        start = min(start + leading, end)
        let trailing = item.spaces.trailing
        if trailing > 0, end >= trailing { end = max(end - trailing, start) }
        item.offsets = start..<end
    }
}
