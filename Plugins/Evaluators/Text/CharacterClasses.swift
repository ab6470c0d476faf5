// SPDX-License-Identifier: Apache-2.0

// The classes of characters that the reference implementations of text metrics mean. Those are Python programs, so a
// class is what Python's `str` methods and regular expressions say.

extension Unicode.Scalar {
    /// What `str.split()` splits at: Unicode's white space and four control characters.
    var isSpace: Bool { properties.isWhitespace || (0x1C...0x1F).contains(value) }

    var isDigit: Bool { ("0"..."9").contains(self) }

    var isLowerASCII: Bool { ("a"..."z").contains(self) }

    var isUpperASCII: Bool { ("A"..."Z").contains(self) }

    /// `string.punctuation`: what ASCII prints and is neither letter, digit nor space.
    var isPunctuationASCII: Bool {
        (0x21...0x7E).contains(value) && !isDigit && !isLowerASCII && !isUpperASCII
    }

    /// `\w`: letters and numbers of any script, and the underscore; combining marks are none.
    var isWordCharacter: Bool {
        if value < 0x80 { return isDigit || isLowerASCII || isUpperASCII || self == "_" }
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            return true
        default: return false
        }
    }
}

extension String {
    /// What is between white space.
    var wordsBySpace: [String] {
        unicodeScalars.split(whereSeparator: \.isSpace).map { String($0) }
    }

    /// In lower case, character by character.
    var lowercasedScalars: String {
        var result = ""
        for scalar in unicodeScalars { result += scalar.properties.lowercaseMapping }
        return result
    }

    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}
