// SPDX-License-Identifier: Apache-2.0

/// Cuts a text into the pieces inside which byte pairs may merge, by the rule of GPT-2.
///
/// The rule is the pattern `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, written out as
/// a scan over Unicode scalars.
enum PreTokenSplit {
    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

    private enum Kind {
        case letter, number, space, other
    }

    /// The pieces in order; joined, they are the text again.
    static func pieces(of text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        var pieces: [String] = []
        var start = 0
        while start < scalars.count {
            let end = end(of: scalars, from: start)
            var piece = String.UnicodeScalarView()
            piece.append(contentsOf: scalars[start..<end])
            pieces.append(String(piece))
            start = end
        }
        return pieces
    }

    private static func end(of scalars: [Unicode.Scalar], from start: Int) -> Int {
        for contraction in contractions where scalars[start...].starts(with: contraction) {
            return start + contraction.count
        }
        let body = scalars[start] == " " && start + 1 < scalars.count ? start + 1 : start
        let kind = kind(of: scalars[body])
        if kind != .space {
            return run(of: kind, in: scalars, from: body)
        }
        let end = run(of: .space, in: scalars, from: start)
        // The last character of white space before a word belongs to the word.
        return end < scalars.count && end - start > 1 ? end - 1 : end
    }

    private static func run(of kind: Kind, in scalars: [Unicode.Scalar], from start: Int) -> Int {
        var end = start
        while end < scalars.count, self.kind(of: scalars[end]) == kind { end += 1 }
        return end
    }

    private static func kind(of scalar: Unicode.Scalar) -> Kind {
        if scalar.properties.isWhitespace { return .space }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return .letter
        case .decimalNumber, .letterNumber, .otherNumber: return .number
        default: return .other
        }
    }
}
