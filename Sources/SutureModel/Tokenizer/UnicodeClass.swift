// SPDX-License-Identifier: Apache-2.0

/// General categories as the `tokenizers` package sees them: Unicode 16.
///
/// The standard library may know a newer version; scalars that came later count as unassigned here, so that `\p{L}`
/// and `\p{N}` decide as in the package. The tests compare all 1,112,064 scalars.
enum UnicodeClass {
    /// The first version of Unicode whose scalars the package does not know.
    static let firstUnknownMajorVersion = 17

    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let space: UInt8 = 4

    /// The short names of the general categories; the position is the bit in a category mask.
    static let categoryNames = [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "Sm", "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Co", "Cn", "Cs",
    ]

    /// Letter, number and white-space bits of the Basic Multilingual Plane, for the hand-written scanners.
    static let basicPlane: [UInt8] = (0..<0x10000).map { computeFlags(of: $0) }

    /// Letter, number and white-space bits of one scalar.
    static func flags(of scalar: UInt32) -> UInt8 {
        scalar < 0x10000 ? basicPlane[Int(scalar)] : computeFlags(of: scalar)
    }

    /// The category's position in ``categoryNames``.
    static func category(of value: UInt32) -> Int {
        // U+0295 became a letter without case in Unicode 17.
        if value == 0x295 { return 1 }
        guard let scalar = Unicode.Scalar(value) else { return 29 }
        let properties = scalar.properties
        if let age = properties.age, age.major >= firstUnknownMajorVersion { return 28 }
        return switch properties.generalCategory {
        case .uppercaseLetter: 0
        case .lowercaseLetter: 1
        case .titlecaseLetter: 2
        case .modifierLetter: 3
        case .otherLetter: 4
        case .nonspacingMark: 5
        case .spacingMark: 6
        case .enclosingMark: 7
        case .decimalNumber: 8
        case .letterNumber: 9
        case .otherNumber: 10
        case .connectorPunctuation: 11
        case .dashPunctuation: 12
        case .openPunctuation: 13
        case .closePunctuation: 14
        case .initialPunctuation: 15
        case .finalPunctuation: 16
        case .otherPunctuation: 17
        case .mathSymbol: 18
        case .currencySymbol: 19
        case .modifierSymbol: 20
        case .otherSymbol: 21
        case .spaceSeparator: 22
        case .lineSeparator: 23
        case .paragraphSeparator: 24
        case .control: 25
        case .format: 26
        case .privateUse: 27
        case .surrogate: 29
        default: 28
        }
    }

    /// The mask of a category name of one or two letters, such as `L` or `Nd`.
    static func mask(named name: String) -> UInt32? {
        var mask: UInt32 = 0
        for (bit, category) in categoryNames.enumerated() where category == name || category.prefix(1) == name {
            mask |= 1 << UInt32(bit)
        }
        return mask == 0 ? nil : mask
    }

    /// White_Space, which is `\s` in the package.
    static func isSpace(_ scalar: UInt32) -> Bool {
        flags(of: scalar) & space != 0
    }

    /// A number to the `Digits` pre-tokenizer, which asks Rust's standard library: Unicode 17.
    static func isNumeric(_ value: UInt32) -> Bool {
        switch Unicode.Scalar(value)?.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: true
        default: false
        }
    }

    /// `\w` of the package's own patterns (Unicode Technical Standard 18, annex C).
    static func isWord(_ value: UInt32) -> Bool {
        if value == 0x200C || value == 0x200D { return true }
        let category = category(of: value)
        if category == 28 { return false }
        if (5...8).contains(category) || category == 11 { return true }
        return Unicode.Scalar(value)?.properties.isAlphabetic ?? false
    }

    /// A mark to the `StripAccents` normalizer, which knows Unicode 9.
    static func isCombiningMark(_ value: UInt32) -> Bool {
        // The first two became letters in Unicode 12, and the last became a mark in Unicode 11.
        if value == 0x1CF2 || value == 0x1CF3 || value == 0x111C9 { return value != 0x111C9 }
        guard value >= 0x300, let properties = Unicode.Scalar(value)?.properties,
            let age = properties.age, age.major < UnicodeNormalTables.firstUnknownMajorVersion
        else { return false }
        return switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func computeFlags(of value: UInt32) -> UInt8 {
        switch category(of: value) {
        case 0...4: letter
        case 8...10: number
        default: Unicode.Scalar(value)?.properties.isWhitespace == true ? space : 0
        }
    }
}
