// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How a text is cut into the words that BLEU counts. Scores of different cuts cannot be compared.
enum WordSplit: String, ParameterChoice {
    /// The tokeniser of mteval-v13a, sacrebleu's default: for prose.
    case mteval = "13a"
    /// That of the CoNaLa challenge: for code.
    case conala
    /// White space alone.
    case none

    func words(_ text: String) -> [String] {
        switch self {
        case .mteval: Self.mtevalWords(text)
        case .conala: Self.conalaWords(text)
        case .none: text.wordsBySpace
        }
    }

    // MARK: 13a

    /// Joins words hyphenated over a line's end, undoes four XML escapes, and parts most punctuation from words; full
    /// stop and comma stay inside numbers.
    private static func mtevalWords(_ text: String) -> [String] {
        var scalars = Array(text.unicodeScalars)
        while let last = scalars.last, last.isSpace { scalars.removeLast() }
        scalars = scalars.replacing("<skipped>".unicodeScalars, with: [])
        scalars = scalars.replacing("-\n".unicodeScalars, with: [])
        scalars = scalars.map { $0 == "\n" ? " " : $0 }
        for (escape, character) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
            scalars = scalars.replacing(escape.unicodeScalars, with: Array(character.unicodeScalars))
        }
        scalars = [" "] + scalars + [" "]
        scalars = scalars.flatMap { isMtevalSymbol($0) ? [" ", $0, " "] : [$0] }
        scalars = parting(scalars, { !$0.isDigit }, { $0 == "." || $0 == "," }) { [$0, " ", $1, " "] }
        scalars = parting(scalars, { $0 == "." || $0 == "," }, { !$0.isDigit }) { [" ", $0, " ", $1] }
        scalars = parting(scalars, \.isDigit, { $0 == "-" }) { [$0, " ", $1, " "] }
        return String(scalars).wordsBySpace
    }

    private static func isMtevalSymbol(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "{"..."~", "["..."`", " "..."&", "("..."+", ":"..."@", "/": true
        default: false
        }
    }

    /// Rewrites neighbours that meet both conditions, from the left, each character in one pair at most.
    private static func parting(
        _ scalars: [Unicode.Scalar], _ first: (Unicode.Scalar) -> Bool, _ second: (Unicode.Scalar) -> Bool,
        _ rewrite: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
    ) -> [Unicode.Scalar] {
        var result: [Unicode.Scalar] = []
        var position = 0
        while position < scalars.count {
            if position + 1 < scalars.count, first(scalars[position]), second(scalars[position + 1]) {
                result += rewrite(scalars[position], scalars[position + 1])
                position += 2
            } else {
                result.append(scalars[position])
                position += 1
            }
        }
        return result
    }

    // MARK: CoNaLa

    /// Every character but ASCII letters, digits and underscore is a word; words part where an upper-case letter
    /// follows a lower-case one; both quotes count as the same.
    private static func conalaWords(_ text: String) -> [String] {
        var words: [String] = []
        var word = ""
        var last: Unicode.Scalar = " "
        func close() {
            if !word.isEmpty { words.append(word) }
            word = ""
        }
        for scalar in text.unicodeScalars {
            defer { last = scalar }
            if scalar.isDigit || scalar.isLowerASCII || scalar.isUpperASCII || scalar == "_" {
                if scalar.isUpperASCII, last.isLowerASCII { close() }
                word.unicodeScalars.append(scalar)
                continue
            }
            close()
            if !scalar.isSpace { words.append(scalar == "\"" || scalar == "'" ? "`" : String(scalar)) }
        }
        close()
        return words
    }
}

extension [Unicode.Scalar] {
    /// Every place of `needle`, from the left, none overlapping.
    fileprivate func replacing(_ needle: some Collection<Unicode.Scalar>, with new: [Unicode.Scalar]) -> Self {
        let needle = Array(needle)
        guard let first = needle.first, contains(first) else { return self }
        var result: Self = []
        var position = 0
        while position < count {
            if self[position...].starts(with: needle) {
                result += new
                position += needle.count
            } else {
                result.append(self[position])
                position += 1
            }
        }
        return result
    }
}
