// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What BLEU counts of texts and their references. Counts add up, so the score of a corpus needs no text again.
///
/// The score is sacrebleu's (Post 2018), with its defaults: n-grams up to 4, exponential smoothing.
struct BLEU: Hashable {
    static let order = 4

    /// n-grams of the text that a reference has too, each at most as often as in the one that has it most; for n = 1 …
    var matches = [Double](repeating: 0, count: order)
    /// n-grams of the text.
    var totals = [Double](repeating: 0, count: order)
    /// Words of the text.
    var length = 0.0
    /// Words of the reference, or of that which is the nearest in length.
    var referenceLength = 0.0

    init() {}

    init(_ words: [String], reference: [String]) { self.init(words, references: [reference]) }

    /// Of references that are equally near in length, the shorter one counts.
    init(_ words: [String], references: [[String]]) {
        let (words, references) = (words.map { Array($0.utf8) }, references.map { $0.map { Array($0.utf8) } })
        length = Double(words.count)
        let nearest = references.map(\.count).min { (abs($0 - words.count), $0) < (abs($1 - words.count), $1) }
        referenceLength = Double(nearest ?? 0)
        for n in 1...BLEU.order {
            let wanted = references.reduce(into: [:]) { counts, reference in
                counts.merge(BLEU.counts(reference, n), uniquingKeysWith: max)
            }
            let found = BLEU.counts(words, n)
            totals[n - 1] = Double(max(words.count - n + 1, 0))
            matches[n - 1] = Double(found.reduce(0) { $0 + min($1.value, wanted[$1.key] ?? 0) })
        }
    }

    /// Their names and values, for scores.
    var parts: [(name: String, value: Double)] {
        (0..<BLEU.order).map { ("matches_\($0 + 1)", matches[$0]) }
            + (0..<BLEU.order).map { ("totals_\($0 + 1)", totals[$0]) }
            + [("length", length), ("reference_length", referenceLength)]
    }

    /// - Parameter part: the sum of a part over all texts.
    init(_ part: (String) -> Double) {
        matches = (0..<BLEU.order).map { part("matches_\($0 + 1)") }
        totals = (0..<BLEU.order).map { part("totals_\($0 + 1)") }
        length = part("length")
        referenceLength = part("reference_length")
    }

    /// From 0 to 100.
    ///
    /// An order without matches counts as half a match, a quarter at the next such order, and so on.
    ///
    /// - Parameter usesEffectiveOrder: whether orders that the text is too short for are left out, as for the score of
    ///   one sentence; otherwise they make the score 0.
    func score(usesEffectiveOrder: Bool) -> Double {
        guard matches.contains(where: { $0 > 0 }), length > 0 else { return 0 }
        let orders = totals.prefix { $0 > 0 }.count
        guard orders == BLEU.order || usesEffectiveOrder else { return 0 }
        var smoothing = 1.0
        var sum = 0.0
        for n in 0..<orders {
            if matches[n] == 0 { smoothing *= 2 }
            sum += logarithm(100 * (matches[n] == 0 ? 1 / (smoothing * totals[n]) : matches[n] / totals[n]))
        }
        let brevity = length < referenceLength ? exponential(1 - referenceLength / length) : 1
        return brevity * exponential(sum / Double(orders))
    }

    /// Words are compared byte for byte: to Python, composed and decomposed letters differ.
    private static func counts(_ words: [[UInt8]], _ n: Int) -> [[[UInt8]]: Int] {
        guard words.count >= n else { return [:] }
        var counts: [[[UInt8]]: Int] = [:]
        for start in 0...words.count - n { counts[Array(words[start..<start + n]), default: 0] += 1 }
        return counts
    }
}
