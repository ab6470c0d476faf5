// SPDX-License-Identifier: Apache-2.0

/// A word, number or mark, as Punkt sees it, with what it is by itself (the first pass of the method).
struct PunktToken {
    /// What the full stop at its end may be.
    enum End {
        case sentence, abbreviation, ellipsis
    }

    let text: [Unicode.Scalar]
    /// In lower case; all numbers are the same.
    let type: ExactText
    /// Nil where it has no full stop at its end.
    let end: End?

    /// The type of every number, with or without a full stop.
    static let number = "##number##"

    init(_ text: ArraySlice<Unicode.Scalar>, _ parameters: PunktParameters) {
        self.text = Array(text)
        let lower = String(text).lowercasedScalars
        type = ExactText(Self.isNumber(Array(lower.unicodeScalars)) ? Self.number : lower)
        if [["."], ["?"], ["!"]].contains(self.text) {
            end = .sentence
        } else if text.last != "." {
            end = nil
        } else if text.dropLast().last == "." {
            // Anything else that ends in two full stops is nothing of these.
            end = text.allSatisfy { $0 == "." } ? .ellipsis : nil
        } else {
            let word = String(text.dropLast()).lowercasedScalars
            let parts = word.unicodeScalars.split(separator: "-", omittingEmptySubsequences: false)
            let isKnown = [word, parts.last.map { String($0) } ?? ""].contains {
                parameters.abbreviations.contains(ExactText($0))
            }
            end = isKnown ? .abbreviation : .sentence
        }
    }

    var endsInStop: Bool { text.last == "." }

    var isUpper: Bool { text.first?.properties.isUppercase == true }

    var isLower: Bool { text.first?.properties.isLowercase == true }

    /// A letter and a full stop.
    var isInitial: Bool { text.count == 2 && text[1] == "." && text[0].isWordOfUnicode && !text[0].isDecimal }

    var typeWithoutStop: ExactText {
        let scalars = type.text.unicodeScalars
        return scalars.count > 1 && scalars.last == "." ? ExactText(String(scalars.dropLast())) : type
    }

    /// Without the full stop if it ends a sentence by itself.
    var typeWithoutEnd: ExactText { end == .sentence ? typeWithoutStop : type }

    /// Digits with full stops, commas and hyphens between and after them, perhaps with a sign, a full stop or a comma in front.
    private static func isNumber(_ text: [Unicode.Scalar]) -> Bool {
        var rest = text[...]
        if rest.first == "-" { rest.removeFirst() }
        if rest.first == "." || rest.first == "," { rest.removeFirst() }
        guard rest.first?.isDecimal == true else { return false }
        return rest.allSatisfy { $0.isDecimal || $0 == "." || $0 == "," || $0 == "-" }
    }

    // MARK: Cutting

    /// The tokens of a text. None reaches over the end of a line.
    static func tokens(of text: ArraySlice<Unicode.Scalar>, _ parameters: PunktParameters) -> [PunktToken] {
        var tokens: [PunktToken] = []
        for line in text.split(separator: "\n") where !line.allSatisfy(\.isSpace) {
            var rest = line
            while let first = rest.first {
                if first.isSpaceOfUnicode {
                    rest.removeFirst()
                    continue
                }
                let length = markLength(rest) ?? wordLength(rest) ?? 1
                tokens.append(PunktToken(rest.prefix(length), parameters))
                rest = rest.dropFirst(length)
            }
        }
        return tokens
    }

    /// Of a mark of several characters: hyphens, full stops, or full stops with spaces between them.
    private static func markLength(_ text: ArraySlice<Unicode.Scalar>) -> Int? {
        for mark: Unicode.Scalar in ["-", "."] {
            let run = text.prefix { $0 == mark }.count
            if run > 1 { return run }
        }
        var stops = 0
        var place = text.startIndex
        while place < text.endIndex, text[place] == "." {
            stops += 1
            guard place + 1 < text.endIndex, text[place + 1].isSpaceOfUnicode else { break }
            place += 2
        }
        return stops > 2 ? 2 * stops - 1 : nil
    }

    /// Of a word: up to white space, and to a mark or a comma that ends it; nil where no word begins.
    private static func wordLength(_ text: ArraySlice<Unicode.Scalar>) -> Int? {
        guard let first = text.first, !"(\"`{[:;&#*@)}]-,".unicodeScalars.contains(first) else { return nil }
        var rest = text.dropFirst()
        while let next = rest.first, !next.isSpaceOfUnicode, !isEnd(rest) {
            if next == ",", case let after = rest.dropFirst(), after.first?.isSpaceOfUnicode != false || isEnd(after) {
                break
            }
            rest.removeFirst()
        }
        return text.count - rest.count
    }

    /// Whether something begins here that is no part of a word.
    private static func isEnd(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        text.first?.isPunktMark == true || markLength(text.prefix(5)) != nil
    }
}

extension Unicode.Scalar {
    /// What cannot be inside a word.
    var isPunktMark: Bool { ")\";}]*:@'({[‘’“”«»?!".unicodeScalars.contains(self) }
}
