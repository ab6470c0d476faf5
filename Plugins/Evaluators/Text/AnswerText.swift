// SPDX-License-Identifier: Apache-2.0

/// When two answers count as the same.
enum AnswerText {
    /// Whether two texts are the same, byte for byte, once white space is collapsed.
    static func match(_ text: String, _ other: String) -> Bool {
        collapsed(text).utf8.elementsEqual(collapsed(other).utf8)
    }

    /// Runs of white space as one space, none at the ends.
    static func collapsed(_ text: String) -> String { text.wordsBySpace.joined(separator: " ") }

    /// Lower case, without ASCII punctuation and the English articles, white space collapsed: what the WILD protocol
    /// compares (Yang et al. 2025), and question answering before it.
    static func normalized(_ text: String) -> String {
        let plain = text.lowercasedScalars.unicodeScalars.filter { !$0.isPunctuationASCII }
        var result = String.UnicodeScalarView()
        var word = String.UnicodeScalarView()
        func close() {
            // One by one: a view of scalars copies itself to append others.
            for scalar in ["a", "an", "the"].contains(String(word)) ? " ".unicodeScalars : word {
                result.append(scalar)
            }
            word = String.UnicodeScalarView()
        }
        for scalar in plain {
            if scalar.isWordCharacter {
                word.append(scalar)
            } else {
                close()
                result.append(scalar)
            }
        }
        close()
        return collapsed(String(result))
    }

    /// Whether a normalised text has the words of a normalised answer, one after the other.
    static func contains(_ text: String, _ answer: String) -> Bool {
        let (words, wanted) = (text.wordsBySpace, answer.wordsBySpace)
        guard !wanted.isEmpty, words.count >= wanted.count else { return false }
        return (0...words.count - wanted.count).contains { words[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }

    /// Whether a text is an answer, or begins with it and goes on after a punctuation mark. Case and runs of white space do not
    /// count.
    static func isAnswered(_ text: String, by answer: String) -> Bool {
        let said = collapsed(text).lowercasedScalars.unicodeScalars
        let wanted = collapsed(answer).lowercasedScalars.unicodeScalars
        guard !wanted.isEmpty, said.starts(with: wanted) else { return false }
        return said.dropFirst(wanted.count).first?.isPunctuationASCII ?? true
    }
}
