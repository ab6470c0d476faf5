// SPDX-License-Identifier: Apache-2.0

/// The `normalizer` of a tokenizer file, as a list of steps.
struct TextNormalizer: Sendable {
    private enum Step: Sendable {
        case form(UnicodeNormalForm)
        case prepend([UInt32])
        case replace(TokenizerPattern, [UInt32])
        case lowercase
        case strip(left: Bool, right: Bool)
        case stripAccents
        case nmt
        case precompiled(CharacterMap)
    }

    static let supportedTypes = [
        "Sequence", "NFC", "NFD", "NFKC", "NFKD", "Prepend", "Replace", "Lowercase", "Strip", "StripAccents",
        "Nmt", "Precompiled",
    ]

    private var steps: [Step] = []

    /// Reads a normalizer; nil is none.
    init(_ node: TokenizerNode?) throws(ModelError) {
        if let node { try append(node) }
    }

    var isEmpty: Bool { steps.isEmpty }

    func apply(to text: AlignedText) throws(ModelError) -> AlignedText {
        var text = text
        for step in steps where !text.isEmpty {
            switch step {
            case .form(let form):
                text = form.apply(to: text)
            case .prepend(let prefix):
                text = text.prepending(prefix)
            case .replace(let pattern, let content):
                let matches = try pattern.matches(in: text.scalars, 0..<text.count)
                text = text.replacing(matches, with: content)
            case .lowercase:
                text = Self.lowercased(text)
            case .strip(let left, let right):
                text = Self.stripped(text, left: left, right: right)
            case .stripAccents:
                text = text.filtered { !UnicodeClass.isCombiningMark($0) }
            case .nmt:
                text = NeuralTranslationRules.apply(to: text)
            case .precompiled(let map):
                text = map.apply(to: text)
            }
        }
        return text
    }

    /// The normalised form of a string whose origin does not matter.
    func apply(to string: String) throws(ModelError) -> [UInt32] {
        try apply(to: AlignedText(string)).scalars
    }

    private mutating func append(_ node: TokenizerNode) throws(ModelError) {
        let type = try node.string("type")
        switch type {
        case "Sequence":
            try node.allowOnly(["type", "normalizers"])
            for step in try node.nodes("normalizers") { try append(step) }
        case "Prepend":
            try node.allowOnly(["type", "prepend"])
            steps.append(.prepend(try node.string("prepend").unicodeScalars.map(\.value)))
        case "Replace":
            try node.allowOnly(["type", "pattern", "content"])
            let content = try node.string("content").unicodeScalars.map(\.value)
            steps.append(.replace(try TokenizerPattern(node), content))
        case "Lowercase":
            try node.allowOnly(["type"])
            steps.append(.lowercase)
        case "Strip":
            try node.allowOnly(["type", "strip_left", "strip_right"])
            steps.append(.strip(left: try node.bool("strip_left"), right: try node.bool("strip_right")))
        case "StripAccents":
            try node.allowOnly(["type"])
            steps.append(.stripAccents)
        case "Nmt":
            try node.allowOnly(["type"])
            steps.append(.nmt)
        case "Precompiled":
            try node.allowOnly(["type", "precompiled_charsmap"])
            steps.append(.precompiled(try CharacterMap(node)))
        default:
            guard let form = UnicodeNormalForm(rawValue: type) else {
                throw node.unsupportedType(type, supported: Self.supportedTypes)
            }
            try node.allowOnly(["type"])
            steps.append(.form(form))
        }
    }

    /// Each scalar in lower case, whatever its neighbours are (no final sigma).
    private static func lowercased(_ text: AlignedText) -> AlignedText {
        var changes: [AlignedText.Change] = []
        changes.reserveCapacity(text.count)
        for value in text.scalars {
            if value < 0x80 {
                let lower = (0x41...0x5A).contains(value) ? value + 0x20 : value
                changes.append(AlignedText.Change(scalar: lower, removed: 0))
            } else if let scalar = Unicode.Scalar(value) {
                for (index, lower) in scalar.properties.lowercaseMapping.unicodeScalars.enumerated() {
                    changes.append(AlignedText.Change(scalar: lower.value, removed: index == 0 ? 0 : 1))
                }
            }
        }
        return text.applying(changes)
    }

    private static func stripped(_ text: AlignedText, left: Bool, right: Bool) -> AlignedText {
        var range = 0..<text.count
        while left, let first = range.first, UnicodeClass.isSpace(text.scalars[first]) { range.removeFirst() }
        while right, let last = range.last, UnicodeClass.isSpace(text.scalars[last]) { range.removeLast() }
        return text.slice(range)
    }
}
