// SPDX-License-Identifier: Apache-2.0

// The classes of characters that the reference implementations of text metrics mean. Those are Python programs, so a
// class is what Python's `str` methods and regular expressions say. NLTK's expressions are those of the package `regex`, whose
// classes are Unicode's own.

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

    /// `\w` of the package `regex`: letters, marks, digits, and what connects them (Unicode Technical Standard 18, annex C).
    var isWordOfUnicode: Bool {
        if value < 0x80 { return isDigit || isLowerASCII || isUpperASCII || self == "_" }
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: return true
        default: return properties.isAlphabetic || value == 0x200C || value == 0x200D
        }
    }

    /// `\s` of the package `regex`.
    var isSpaceOfUnicode: Bool { properties.isWhitespace }

    /// `\d`: decimal digits of any script.
    var isDecimal: Bool { value < 0x80 ? isDigit : properties.generalCategory == .decimalNumber }
}

extension String {
    /// What is between white space.
    var wordsBySpace: [String] {
        unicodeScalars.split(whereSeparator: \.isSpace).map { String($0) }
    }

    /// `str.lower()`: character by character, but for the sigma that ends a word.
    var lowercasedScalars: String {
        var result = ""
        let scalars = unicodeScalars
        for place in scalars.indices {
            let scalar = scalars[place]
            if scalar == "Σ", scalars.endsWord(at: place) {
                result += "ς"
            } else {
                result += scalar.properties.lowercaseMapping
            }
        }
        return result
    }

    init(_ scalars: some Sequence<Unicode.Scalar>) {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        self.init(view)
    }
}

extension String.UnicodeScalarView {
    /// Whether a letter comes before the place and none after it, not counting what may stand inside a word, such as an
    /// apostrophe (The Unicode Standard, table 3-17, Final_Sigma).
    fileprivate func endsWord(at place: Index) -> Bool {
        let isCased: (Unicode.Scalar) -> Bool = { $0.properties.isCased }
        let before = self[..<place].last { !$0.properties.isCaseIgnorable }
        let after = self[index(after: place)...].first { !$0.properties.isCaseIgnorable }
        return before.map(isCased) == true && after.map(isCased) != true
    }
}
