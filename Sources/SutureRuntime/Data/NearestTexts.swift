// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Finds the texts that have most words in common with another, rare words counting more (TF-IDF).
///
/// A word is a run of letters, digits and underscores, in lower case. Of n texts of which d have a word, the word weighs
/// `ln((1 + n) / (1 + d)) + 1` for each time it occurs. Two texts are as near as the cosine of their weights. These are the
/// formulas of scikit-learn's `TfidfVectorizer`.
struct NearestTexts {
    /// The texts that have a word: how often, over the length of the text's vector.
    private var places: [String: [(text: Int, weight: Double)]] = [:]
    /// The square of what a word weighs: both of two texts have the weight.
    private var rarity: [String: Double] = [:]
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        let words = texts.map(Self.words)
        var having: [String: Int] = [:]
        for text in words { for (word, _) in text { having[word, default: 0] += 1 } }
        for (word, count) in having {
            let weight = logarithm(Double(1 + texts.count) / Double(1 + count)) + 1
            rarity[word] = weight * weight
        }
        for (text, words) in words.enumerated() {
            let square = words.reduce(0) { $0 + Double($1.count * $1.count) * (rarity[$1.word] ?? 0) }
            for (word, count) in words {
                places[word, default: []].append((text, Double(count) / square.squareRoot()))
            }
        }
    }

    /// The nearest of the texts that are allowed, the nearest first. Of equally near ones, the first comes first.
    func nearest(_ number: Int, to text: String, where isAllowed: (Int) -> Bool) -> [Int] {
        // Not the cosine itself: the length of this text's own vector is the same for all.
        var nearness = [Double](repeating: 0, count: count)
        for (word, times) in Self.words(text) {
            let weight = Double(times) * (rarity[word] ?? 0)
            for place in places[word] ?? [] { nearness[place.text] += weight * place.weight }
        }
        var found: [Int] = []
        var rest = nearness.indices.filter(isAllowed)
        while found.count < number, let best = rest.max(by: { (nearness[$0], $1) < (nearness[$1], $0) }) {
            found.append(best)
            rest.removeAll { $0 == best }
        }
        return found
    }

    /// The words of a text, in an order that depends on nothing but the words: sums of equal words are equal to the last bit.
    private static func words(_ text: String) -> [(word: String, count: Int)] {
        var counts: [String: Int] = [:]
        for word in text.lowercased().unicodeScalars.split(whereSeparator: { !isPart($0) }) {
            counts[String(word), default: 0] += 1
        }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func isPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
