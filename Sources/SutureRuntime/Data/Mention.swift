// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether a word or words occur in a text, and not only as a part of a longer word. Scripts that put no spaces between words
    /// have no longer words.
    func mentions(_ words: String) -> Bool {
        ranges(of: words).contains { range in
            let before = self[..<range.lowerBound].last
            let after = self[range.upperBound...].first
            return !Self.isOneWord(before, words.first) && !Self.isOneWord(words.last, after)
        }
    }

    /// Whether two characters beside each other are within one word.
    private static func isOneWord(_ left: Character?, _ right: Character?) -> Bool {
        guard let left, let right else { return false }
        func isPart(_ character: Character) -> Bool { character.isLetter || character.isNumber }
        return isPart(left) && isPart(right) && !left.isUnspaced && !right.isUnspaced
    }
}

extension Character {
    /// Whether it belongs to a script without spaces: Chinese, Japanese, Thai, Lao, Myanmar, Khmer.
    fileprivate var isUnspaced: Bool {
        guard let scalar = unicodeScalars.first else { return false }
        return scalar.properties.isIdeographic || (0x3040...0x30FF).contains(scalar.value)
            || (0x0E00...0x0EFF).contains(scalar.value) || (0x1000...0x109F).contains(scalar.value)
            || (0x1780...0x17FF).contains(scalar.value)
    }
}
