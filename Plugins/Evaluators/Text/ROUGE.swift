// SPDX-License-Identifier: Apache-2.0

/// ROUGE-L of one text (Lin 2004), as the `rouge-score` package gives it without stemming.
enum ROUGE {
    /// F1 of the longest common subsequence of words; from 0 to 1, 0 where either text has no words.
    ///
    /// Cost: the product of the two numbers of words.
    static func longestCommon(_ text: String, reference: String) -> Double {
        let (words, wanted) = (words(text), words(reference))
        guard !words.isEmpty, !wanted.isEmpty else { return 0 }
        // Lengths for the words so far against every beginning of the reference.
        var row = [Int](repeating: 0, count: wanted.count + 1)
        for word in words {
            var diagonal = 0
            for (i, other) in wanted.enumerated() {
                let above = row[i + 1]
                row[i + 1] = word == other ? diagonal + 1 : max(above, row[i])
                diagonal = above
            }
        }
        let common = Double(row[wanted.count])
        let (precision, recall) = (common / Double(words.count), common / Double(wanted.count))
        return common == 0 ? 0 : 2 * precision * recall / (precision + recall)
    }

    /// Runs of ASCII letters and digits in lower case; all else parts them.
    private static func words(_ text: String) -> [String] {
        text.lowercasedScalars.unicodeScalars
            .split { !($0.isDigit || $0.isLowerASCII) }.map { String($0) }
    }
}
