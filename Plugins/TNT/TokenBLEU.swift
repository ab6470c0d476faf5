// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Corpus BLEU over token ids, to compare steps of one training with each other.
///
/// Papineni et al. 2002: clipped n-gram precisions, geometric mean, brevity penalty. Orders of which no answer is long
/// enough are left out, so that short answers can be compared. Not for figures to be reported: those depend on words.
enum TokenBLEU {
    private static let longestGram = 4

    static func percent(of answers: [[Int]], against references: [[Int]]) -> Double {
        var logarithms = 0.0
        var orders = 0
        for n in 1...longestGram {
            var (matches, count) = (0, 0)
            for (answer, reference) in zip(answers, references) {
                let known = grams(reference, n)
                for (gram, times) in grams(answer, n) { matches += min(times, known[gram] ?? 0) }
                count += max(answer.count - n + 1, 0)
            }
            guard count > 0 else { break }
            guard matches > 0 else { return 0 }
            logarithms += logarithm(Double(matches) / Double(count))
            orders += 1
        }
        guard orders > 0 else { return 0 }
        let length = Double(answers.reduce(0) { $0 + $1.count })
        let wanted = Double(references.reduce(0) { $0 + $1.count })
        let brevity = length < wanted ? 1 - wanted / length : 0
        return 100 * exponential(logarithms / Double(orders) + brevity)
    }

    private static func grams(_ tokens: [Int], _ n: Int) -> [ArraySlice<Int>: Int] {
        guard tokens.count >= n else { return [:] }
        var grams: [ArraySlice<Int>: Int] = [:]
        for start in 0...tokens.count - n { grams[tokens[start..<start + n], default: 0] += 1 }
        return grams
    }
}
