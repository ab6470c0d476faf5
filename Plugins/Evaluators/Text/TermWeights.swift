// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The similarity of texts by their terms, weighted by how rare each term is (TF-IDF), as scikit-learn's `TfidfVectorizer` has
/// it with its defaults.
///
/// Terms are words of at least two characters in lower case. Terms without a weight do not count.
struct TermWeights {
    private var weights: [ExactText: Double]

    /// The weights of a corpus of n texts: `ln((1 + n) / (1 + d)) + 1` for a term that d of them have.
    ///
    /// - Parameter corpus: its texts.
    init(_ corpus: [String]) {
        var counts: [ExactText: Int] = [:]
        for text in corpus {
            for term in Set(TermWeights.terms(text)) { counts[term, default: 0] += 1 }
        }
        weights = counts.mapValues { logarithm(Double(1 + corpus.count) / Double(1 + $0)) + 1 }
    }

    /// The weights of a vectorizer that was fitted elsewhere.
    ///
    /// - Parameters:
    ///   - idf: a NumPy file with one weight for each term.
    ///   - vocabulary: a JSON object with the place of each term among the weights.
    init(idf: FilePath, vocabulary: FilePath) throws(SutureError) {
        let values = try NumPyVector.read(idf)
        var places = try TermPlaces(vocabulary)
        weights = try places.weights(values)
    }

    /// The cosine of two texts; 0 where either has no known term.
    func cosine(_ text: String, _ other: String) -> Double {
        let (a, b) = (vector(text), vector(other))
        func product(_ a: [ExactText: Double], _ b: [ExactText: Double]) -> Double {
            a.keys.sorted().reduce(0) { $0 + (a[$1] ?? 0) * (b[$1] ?? 0) }
        }
        let norms = (product(a, a) * product(b, b)).squareRoot()
        return norms > 0 ? product(a, b) / norms : 0
    }

    private func vector(_ text: String) -> [ExactText: Double] {
        var vector: [ExactText: Double] = [:]
        for term in TermWeights.terms(text) {
            if let weight = weights[term] { vector[term, default: 0] += weight }
        }
        return vector
    }

    private static func terms(_ text: String) -> [ExactText] {
        text.lowercasedScalars.unicodeScalars.split { !$0.isWordCharacter }.filter { $0.count > 1 }
            .map { ExactText(String($0)) }
    }
}
