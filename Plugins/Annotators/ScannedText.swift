// SPDX-License-Identifier: Apache-2.0

/// A text as scalars that know their bytes, with its words. A word is a run of letters, digits and the marks upon them.
struct ScannedText {
    struct Scalar {
        var value: Unicode.Scalar
        /// Of the text's UTF-8. Scalars that one capital became share its bytes.
        var bytes: Range<Int>
    }

    private(set) var scalars: [Scalar] = []
    /// Ranges of ``scalars``.
    private(set) var words: [Range<Int>] = []
    /// Whether the text begins in the middle of a word that its prompt began.
    let continuesWord: Bool

    /// - Parameters:
    ///   - prompt: what precedes the text.
    ///   - foldsCase: read capitals as small letters.
    init(_ text: String, after prompt: String = "", foldsCase: Bool = false) {
        var offset = 0
        for scalar in text.unicodeScalars {
            let bytes = offset..<offset + UTF8.width(scalar)
            offset = bytes.upperBound
            if foldsCase, scalar.properties.changesWhenLowercased {
                scalars += scalar.properties.lowercaseMapping.unicodeScalars.map { Scalar(value: $0, bytes: bytes) }
            } else {
                scalars.append(Scalar(value: scalar, bytes: bytes))
            }
        }
        continuesWord = prompt.unicodeScalars.last.map(ScannedText.isInWord) ?? false
        var start: Int?
        for (i, scalar) in scalars.enumerated() {
            if ScannedText.isInWord(scalar.value) {
                start = start ?? i
            } else if let first = start {
                words.append(first..<i)
                start = nil
            }
        }
        if let first = start { words.append(first..<scalars.count) }
        // A word that began in the prompt is not one of this text's.
        if continuesWord, words.first?.lowerBound == 0 { words.removeFirst() }
    }

    func string(_ range: Range<Int>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars[range].lazy.map(\.value))
        return String(view)
    }

    func bytes(_ range: Range<Int>) -> Range<Int> {
        let own = scalars[range]
        guard let first = own.first, let last = own.last else { return 0..<0 }
        return first.bytes.lowerBound..<last.bytes.upperBound
    }

    /// Whether no word goes on across the place in front of scalar `index`.
    func isBoundary(_ index: Int) -> Bool {
        let before = index > 0 ? ScannedText.isInWord(scalars[index - 1].value) : continuesWord
        return !before || index >= scalars.count || !ScannedText.isInWord(scalars[index].value)
    }

    static func isInWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark, .enclosingMark:
            true
        default: false
        }
    }
}
