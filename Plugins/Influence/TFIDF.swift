// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A control: the cosine of two texts' words, rare words counting more. It knows nothing of the model.
///
///     weight of a word = (its number in the text) · (ln((1 + N) / (1 + df)) + 1)
///
/// N is the number of examples and df the number of those in which the word occurs. Words are runs of letters and digits in
/// lower case, hashed into 2¹⁸ buckets.
struct TFIDF: Estimator {
    static let descriptor = ComponentDescriptor(
        id: "tf-idf", summary: "Similarity of words, a control that knows nothing of the model.")

    /// The words of the queries, where each is looked up.
    struct Queries {
        /// Which queries have the word of a bucket, and its part of their vector of length 1.
        var places: [Int: [(query: Int, weight: Double)]]
        var rarity: [Double]
        var count: Int
    }

    static let bucketCount = 1 << 18
    private static let frequencies = "tf-idf.frequencies"
    private static let examples = "tf-idf.examples"

    let memory = QueryMemory<Queries>()

    func sumNames(inPass pass: Int, in session: Session) throws -> [String] {
        pass == 1 ? [TFIDF.frequencies, TFIDF.examples] : []
    }

    func sums(over examples: [MarkedText], inPass pass: Int, in session: Session) throws -> [NamedTensor] {
        var frequencies = [Double](repeating: 0, count: TFIDF.bucketCount)
        for example in examples {
            for bucket in TFIDF.words(of: example).keys { frequencies[bucket] += 1 }
        }
        return [
            NamedTensor(TFIDF.frequencies, try Tensor(frequencies)),
            NamedTensor(TFIDF.examples, try Tensor([Double(examples.count)])),
        ]
    }

    func prepare(_ queries: [MarkedText], in session: Session) throws -> Queries {
        let count = try session.sum(TFIDF.examples).item()
        let shares = try (1 + count) / (session.sum(TFIDF.frequencies) + 1)
        let rarity: [Double] = try (shares.log() + 1).scalars()
        var places: [Int: [(query: Int, weight: Double)]] = [:]
        for (query, text) in queries.enumerated() {
            for (bucket, weight) in TFIDF.vector(of: text, rarity) {
                places[bucket, default: []].append((query, weight))
            }
        }
        return Queries(places: places, rarity: rarity, count: queries.count)
    }

    func influence(of examples: [MarkedText], on queries: Queries, in session: Session) throws -> Tensor {
        var cosines = [Double](repeating: 0, count: queries.count * examples.count)
        for (place, example) in examples.enumerated() {
            for (bucket, weight) in TFIDF.vector(of: example, queries.rarity) {
                for own in queries.places[bucket] ?? [] {
                    cosines[own.query * examples.count + place] += weight * own.weight
                }
            }
        }
        return try Tensor(cosines, shape: [queries.count, examples.count]).cast(to: .float32)
    }

    /// A text's words by bucket, scaled to length 1, in ascending order so that sums are the same each time.
    private static func vector(of text: MarkedText, _ rarity: [Double]) -> [(bucket: Int, weight: Double)] {
        let weights = words(of: text).map { (bucket: $0.key, weight: Double($0.value) * rarity[$0.key]) }
            .sorted { $0.bucket < $1.bucket }
        let length = weights.reduce(0) { $0 + $1.weight * $1.weight }.squareRoot()
        return weights.map { ($0.bucket, $0.weight / max(length, .leastNormalMagnitude)) }
    }

    /// How often the word of each bucket occurs in a prompt and its text.
    static func words(of text: MarkedText) -> [Int: Int] {
        var counts: [Int: Int] = [:]
        for part in [text.prompt, text.text] {
            for word in part.lowercased().split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
                counts[Int(mixed(digest(MarkedText(text: String(word)))) % UInt64(bucketCount)), default: 0] += 1
            }
        }
        return counts
    }
}
