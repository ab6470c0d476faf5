// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The similarity of texts by their terms, weighted by how rare each term is in a corpus (TF-IDF).
///
/// Terms are words of at least two characters in lower case; the weight of a term is `ln((1 + n) / (1 + d)) + 1` for a
/// corpus of n texts of which d have it. Terms that the corpus lacks do not count.
struct TermWeights {
    private var weights: [String: Double] = [:]

    /// - Parameter corpus: its texts.
    init(_ corpus: [String]) {
        var counts: [String: Int] = [:]
        for text in corpus {
            for term in Set(TermWeights.terms(text)) { counts[term, default: 0] += 1 }
        }
        weights = counts.mapValues { logarithm(Double(1 + corpus.count) / Double(1 + $0)) + 1 }
    }

    /// The cosine of two texts; 0 where either has no known term.
    func cosine(_ text: String, _ other: String) -> Double {
        let (a, b) = (vector(text), vector(other))
        func product(_ a: [String: Double], _ b: [String: Double]) -> Double {
            a.keys.sorted().reduce(0) { $0 + (a[$1] ?? 0) * (b[$1] ?? 0) }
        }
        let norms = (product(a, a) * product(b, b)).squareRoot()
        return norms > 0 ? product(a, b) / norms : 0
    }

    private func vector(_ text: String) -> [String: Double] {
        var vector: [String: Double] = [:]
        for term in TermWeights.terms(text) {
            if let weight = weights[term] { vector[term, default: 0] += weight }
        }
        return vector
    }

    private static func terms(_ text: String) -> [String] {
        text.lowercasedScalars.unicodeScalars.split { !$0.isWordCharacter }.filter { $0.count > 1 }.map { String($0) }
    }
}
