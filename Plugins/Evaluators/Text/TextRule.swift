// SPDX-License-Identifier: Apache-2.0

/// One substitution of a tokeniser: what stands in the place of something, wherever it is in a text.
struct TextRule: Sendable {
    /// How many scalars are replaced at a place, at least one, and by what; nil where it does not apply.
    var match: @Sendable (_ text: [Unicode.Scalar], _ place: Int) -> (length: Int, text: String)?

    /// The text with every match replaced, from the left. What comes before and after a match is looked up in the old text.
    func applied(to text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        result.reserveCapacity(text.count + 16)
        var place = 0
        while place < text.count {
            if let (length, new) = match(text, place) {
                result += new.unicodeScalars
                place += length
            } else {
                result.append(text[place])
                place += 1
            }
        }
        return result
    }

    /// Spaces around each of these scalars.
    static func parting(_ isMeant: @escaping @Sendable (Unicode.Scalar) -> Bool) -> TextRule {
        TextRule { text, place in isMeant(text[place]) ? (1, " \(text[place]) ") : nil }
    }

    /// Spaces around a string.
    static func parting(_ string: String) -> TextRule {
        let length = string.unicodeScalars.count
        return TextRule { text, place in text.has(string, at: place) ? (length, " \(string) ") : nil }
    }

    /// Spaces around a run of one scalar.
    static func parting(runsOf scalar: Unicode.Scalar, atLeast count: Int) -> TextRule {
        TextRule { text, place in
            guard text[place] == scalar else { return nil }
            let run = text[place...].prefix { $0 == scalar }
            return run.count >= count ? (run.count, " \(String(run)) ") : nil
        }
    }

    /// Parts the full stop after which only closing scalars and white space come, unless another one is before it.
    ///
    /// - Parameter parted: what stands there instead of the stop and the closing scalars that it is given.
    static func partingFinalStop(before closing: String, _ parted: @escaping @Sendable (String) -> String) -> TextRule {
        TextRule { text, place in
            guard text[place] != ".", text.has(".", at: place + 1) else { return nil }
            let run = text[(place + 2)...].prefix { closing.unicodeScalars.contains($0) }
            guard text[run.endIndex...].allSatisfy(\.isSpaceOfUnicode) else { return nil }
            return (text.count - place, "\(text[place])" + parted(String(run)))
        }
    }

    /// Replaces a string and the scalar before it, which is no apostrophe.
    static func afterOther(_ string: String, _ parted: @escaping @Sendable (Unicode.Scalar) -> String) -> TextRule {
        let length = string.unicodeScalars.count + 1
        return TextRule { text, place in
            text[place] != "'" && text.has(string, at: place + 1) ? (length, parted(text[place])) : nil
        }
    }

    /// A space before what ends a word and before it belongs to it. The scalar before is neither apostrophe nor space.
    static func partingEnds(_ ends: [String]) -> TextRule {
        TextRule { text, place in
            guard text[place] != "'", text[place] != " " else { return nil }
            guard let end = ends.first(where: { text.has($0 + " ", at: place + 1) }) else { return nil }
            return (end.unicodeScalars.count + 2, "\(text[place]) \(end) ")
        }
    }

    /// Parts a word in two, in upper or lower case.
    ///
    /// - Parameter isAfter: what the scalar after the word must be, where there is one.
    static func partingWord(
        _ first: String, _ second: String,
        isAfter: @escaping @Sendable (Unicode.Scalar) -> Bool = { !$0.isWordCharacter }
    ) -> TextRule {
        let (word, split, length) = (first + second, first.count, first.count + second.count)
        return TextRule { text, place in
            let isStart = first.hasPrefix(" ") || place == 0 || !text[place - 1].isWordCharacter
            guard isStart, text.hasLetters(word, at: place) else { return nil }
            guard place + length == text.count || isAfter(text[place + length]) else { return nil }
            let parts = (String(text[place..<place + split]), String(text[place + split..<place + length]))
            return (length, " \(parts.0) \(parts.1) ")
        }
    }
}

extension [Unicode.Scalar] {
    /// Whether a word, as NLTK's expressions have it, has a scalar at a place, which may be outside.
    func isWord(at place: Int) -> Bool { indices.contains(place) && self[place].isWordOfUnicode }

    func has(_ string: String, at place: Int) -> Bool {
        place <= count && self[place...].starts(with: string.unicodeScalars)
    }

    /// - Parameter string: in lower case.
    func hasLetters(_ string: String, at place: Int) -> Bool {
        place <= count && self[place...].lazy.map(\.letter).starts(with: string.unicodeScalars)
    }
}

extension Unicode.Scalar {
    /// The small Latin letter that it counts as where case does not matter. Three letters outside of ASCII do, too.
    fileprivate var letter: Unicode.Scalar {
        if isUpperASCII { return Unicode.Scalar(UInt8(value) + 0x20) }
        return switch self {
        case "\u{130}", "\u{131}": "i"
        case "\u{17F}": "s"
        default: self
        }
    }
}
