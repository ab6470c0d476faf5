// SPDX-License-Identifier: Apache-2.0

/// Text as a terminal shows it: how many columns it takes, and what it would otherwise do to the terminal.
package enum DisplayText {
    // MARK: Width

    /// Columns that a text takes in a terminal with a font of fixed width. East Asian wide characters and emoji take
    /// two, combining marks take none. Text with control characters has no width; see ``visible(_:keepsLines:)``.
    package static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    /// The longest beginning of a text that fits into some columns.
    package static func prefix(_ text: String, columns: Int) -> Substring {
        var taken = 0
        var end = text.startIndex
        while end < text.endIndex {
            taken += width(text[end])
            guard taken <= columns else { break }
            end = text.index(after: end)
        }
        return text[..<end]
    }

    private static func width(_ character: Character) -> Int {
        if let ascii = character.asciiValue { return ascii < 0x20 || ascii == 0x7F ? 0 : 1 }
        // A wide scalar decides for what is joined to it; the selector U+FE0F asks for an emoji.
        if character.unicodeScalars.contains(where: { isWide($0) || $0.value == 0xFE0F }) { return 2 }
        return character.unicodeScalars.count { !isWithoutWidth($0) }
    }

    private static func isWithoutWidth(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .control, .lineSeparator, .paragraphSeparator: true
        case .format: scalar.value != 0xAD
        // Vowels and final consonants of Hangul that join the syllable before them.
        default: (0x1160...0x11FF).contains(scalar.value)
        }
    }

    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x1100 else { return false }
        return wideRanges.contains { $0.contains(scalar.value) } || scalar.properties.isEmojiPresentation
    }

    /// Blocks of East Asian width W and F (Unicode Standard Annex 11) other than emoji.
    private static let wideRanges: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
        0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6B, 0xFF01...0xFF60,
        0xFFE0...0xFFE6, 0x16FE0...0x18D08, 0x1AFF0...0x1B2FB, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]

    // MARK: Control characters

    /// A text whose control characters are shown as signs. Text from models, data and plugins could otherwise move the
    /// cursor, recolour the terminal, or reverse the direction of what comes after it.
    ///
    /// - Parameter keepsLines: leaves line feeds and tabs as they are.
    package static func visible(_ text: String, keepsLines: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x09...0x0A where keepsLines: out.append(scalar)
            // The Unicode pictures of control characters: ␛ for escape.
            case 0..<0x20: out.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}")
            case 0x7F: out.append("\u{2421}")
            default:
                guard isControl(scalar) else {
                    out.append(scalar)
                    continue
                }
                out.add("<U+")
                let digits = String(scalar.value, radix: 16, uppercase: true)
                out.add(String(repeating: "0", count: 4 - digits.count) + digits + ">")
            }
        }
        return String(out)
    }

    /// JSON whose texts have the escapes of JSON for what ``visible(_:keepsLines:)`` shows as signs. It means the same.
    package static func escapedInJSON(_ json: String) -> String {
        guard json.unicodeScalars.contains(where: { $0 != "\n" && isControl($0) }) else { return json }
        var out = String.UnicodeScalarView()
        for scalar in json.unicodeScalars {
            // Outside of texts, JSON has no control characters but line feeds. All that are met here are below U+10000.
            guard scalar != "\n", isControl(scalar) else {
                out.append(scalar)
                continue
            }
            let digits = String(scalar.value, radix: 16)
            out.add("\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)")
        }
        return String(out)
    }

    /// Whether a scalar does something to a terminal, and so does not mean itself there.
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F: true
        // Marks, embeddings and isolates of bidirectional text, and the separators of lines and paragraphs.
        case 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0x061C: true
        default: false
        }
    }
}

extension String.UnicodeScalarView {
    /// Adds the scalars of a text. The time is that of the text alone, while `append(contentsOf:)` copies all that is there.
    mutating func add(_ text: String) {
        for scalar in text.unicodeScalars { append(scalar) }
    }
}
