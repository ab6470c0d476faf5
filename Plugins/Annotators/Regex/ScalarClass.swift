// SPDX-License-Identifier: Apache-2.0

/// The scalars that one place of a pattern takes: a literal, `.`, `\w`, or a class in brackets.
struct ScalarClass: Sendable {
    enum Item: Sendable {
        case range(ClosedRange<Unicode.Scalar>)
        /// Scalars of a general category, by its two letters or their first: "Lu", "L".
        case category(String)
        case word, digit, space
        indirect case not(Item)
    }

    var items: [Item]
    var isNegated = false
    var ignoresCase = false

    /// Steps that a question takes, beside the one that every instruction is.
    var cost: Int { items.count / 8 }

    /// Whatever it is.
    static let any = ScalarClass(items: [], isNegated: true)
    /// Whatever does not end a line.
    static let anyInLine = ScalarClass(items: [.range("\n"..."\n")], isNegated: true)

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var isIn = items.contains { Self.contains(scalar, $0) }
        if !isIn, ignoresCase {
            isIn = Self.otherCases(of: scalar).contains { other in items.contains { Self.contains(other, $0) } }
        }
        return isIn != isNegated
    }

    private static func contains(_ scalar: Unicode.Scalar, _ item: Item) -> Bool {
        switch item {
        case .range(let range): range.contains(scalar)
        case .category(let name): category(of: scalar).hasPrefix(name)
        case .word: isWord(scalar)
        case .digit: scalar.properties.generalCategory == .decimalNumber
        case .space: scalar.properties.isWhitespace
        case .not(let item): !contains(scalar, item)
        }
    }

    /// As a small and as a capital letter, where that is one scalar.
    private static func otherCases(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
        let properties = scalar.properties
        return [properties.lowercaseMapping, properties.uppercaseMapping].compactMap { text in
            let scalars = text.unicodeScalars
            guard scalars.count == 1, let other = scalars.first, other != scalar else { return nil }
            return other
        }
    }

    /// `\w`: letters, their marks, digits, and what connects them such as `_` (Unicode Technical Standard 18, annex C).
    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar == "_" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) }
        return switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: true
        default: scalar.properties.isAlphabetic || scalar.value == 0x200C || scalar.value == 0x200D
        }
    }

    /// All names that `\p{…}` knows.
    static func isCategory(_ name: String) -> Bool { categories.contains { $0.hasPrefix(name) } && !name.isEmpty }

    private static let categories = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
    ]

    private static func category(of scalar: Unicode.Scalar) -> String {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter: "Lu"
        case .lowercaseLetter: "Ll"
        case .titlecaseLetter: "Lt"
        case .modifierLetter: "Lm"
        case .otherLetter: "Lo"
        case .nonspacingMark: "Mn"
        case .spacingMark: "Mc"
        case .enclosingMark: "Me"
        case .decimalNumber: "Nd"
        case .letterNumber: "Nl"
        case .otherNumber: "No"
        case .connectorPunctuation: "Pc"
        case .dashPunctuation: "Pd"
        case .openPunctuation: "Ps"
        case .closePunctuation: "Pe"
        case .initialPunctuation: "Pi"
        case .finalPunctuation: "Pf"
        case .otherPunctuation: "Po"
        case .mathSymbol: "Sm"
        case .currencySymbol: "Sc"
        case .modifierSymbol: "Sk"
        case .otherSymbol: "So"
        case .spaceSeparator: "Zs"
        case .lineSeparator: "Zl"
        case .paragraphSeparator: "Zp"
        case .control: "Cc"
        case .format: "Cf"
        case .surrogate: "Cs"
        case .privateUse: "Co"
        default: "Cn"
        }
    }
}
