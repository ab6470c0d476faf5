// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How varied a text is: the entropy of its n-grams (Zhang et al. 2018), as ROME measures fluency.
enum WordEntropy {
    /// The mean of 2/3 of the bigrams' entropy and 4/3 of the trigrams', in bits.
    static func fluency(_ words: [String]) -> Double {
        (2.0 / 3 * entropy(words, 2) + 4.0 / 3 * entropy(words, 3)) / 2
    }

    /// Words, and every other character that is no white space. An apostrophe, hyphen or full stop between two word
    /// characters belongs to the word.
    ///
    /// The authors use NLTK's tokeniser, which cuts contractions ("do" "n't"): see ``TreebankWords``.
    static func words(_ text: String) -> [String] {
        let scalars = Array(text.unicodeScalars)
        func isInWord(_ i: Int) -> Bool {
            scalars[i].isWordCharacter || scalars[i].properties.generalCategory == .nonspacingMark
        }
        var words: [String] = []
        var word = ""
        for (i, scalar) in scalars.enumerated() {
            let joins =
                "'’-.".unicodeScalars.contains(scalar) && !word.isEmpty
                && i + 1 < scalars.count && isInWord(i + 1)
            if isInWord(i) || joins {
                word.unicodeScalars.append(scalar)
                continue
            }
            if !word.isEmpty { words.append(word) }
            word = ""
            if !scalar.isSpace { words.append(String(scalar)) }
        }
        return word.isEmpty ? words : words + [word]
    }

    /// Of the distribution of n-grams, in bits; 0 for a text shorter than n.
    static func entropy(_ words: [String], _ n: Int) -> Double {
        guard words.count >= n else { return 0 }
        let words = words.map(ExactText.init)
        var counts: [ArraySlice<ExactText>: Int] = [:]
        for start in 0...words.count - n { counts[words[start..<start + n], default: 0] += 1 }
        let total = Double(words.count - n + 1)
        // Sorted: a dictionary's order differs from process to process, and with it the last digit of a sum.
        return counts.values.sorted().reduce(0) { $0 - Double($1) / total * logarithm(Double($1) / total) }
            / logarithm(2)
    }
}
