// SPDX-License-Identifier: Apache-2.0

/// Learns a byte-level byte-pair encoding by merging the most frequent pair of neighbouring tokens again and again.
///
/// Token 0 is the end of text, tokens 1 to 256 are the bytes in the order of their stand-ins, the merges follow. Equal
/// counts are settled by the smaller left and then the smaller right token, so the same text gives the same tokens.
///
/// Source: Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units" (2016); pieces as
/// in GPT-2.
struct BytePairTrainer {
    /// Two neighbouring tokens.
    struct Pair: Hashable, Comparable, Sendable {
        let left: Int
        let right: Int

        static func < (a: Pair, b: Pair) -> Bool { (a.left, a.right) < (b.left, b.right) }
    }

    /// A distinct piece of the text, as tokens, and how often it occurs.
    private struct Piece {
        var tokens: [Int]
        let count: Int
    }

    /// Pairs that occur less often are not merged, because they would only memorise single words.
    static let leastCount = 2

    private var pieces: [Piece] = []
    private var counts: [Pair: Int] = [:]
    /// Indices of the pieces that a pair may occur in; entries can be out of date.
    private var places: [Pair: Set<Int>] = [:]

    /// Counts the pieces and pairs of the lines.
    init(lines: [String]) {
        var occurrences: [String: Int] = [:]
        for line in lines {
            for piece in PreTokenSplit.pieces(of: line) { occurrences[piece, default: 0] += 1 }
        }
        // Sorted, because the order of a dictionary differs from run to run.
        for (text, count) in occurrences.sorted(by: { $0.key < $1.key }) {
            let tokens = text.utf8.map { BytePairCodec.byteTokens[Int($0)] }
            for pair in zip(tokens, tokens.dropFirst()) {
                let pair = Pair(left: pair.0, right: pair.1)
                counts[pair, default: 0] += count
                places[pair, default: []].insert(pieces.count)
            }
            pieces.append(Piece(tokens: tokens, count: count))
        }
    }

    /// Merges until the vocabulary has `size` tokens.
    ///
    /// Cost: one pass over the pairs per merge, and the pieces that hold the pair.
    /// Errors: `tokenizer` where the text has too few repeated pairs for the size.
    mutating func train(size: Int) throws(MakerError) -> BytePairCodec {
        var merges: [Pair] = []
        var next = BytePairCodec.firstMerge
        while next < size {
            guard let best = mostFrequentPair() else {
                throw MakerError(
                    .tokenizer, "the text gives \(next) tokens, not \(size)",
                    hint: "Ask for a smaller vocabulary, or give more text.")
            }
            merge(best, into: next)
            merges.append(best)
            next += 1
        }
        return BytePairCodec(merges: merges)
    }

    private func mostFrequentPair() -> Pair? {
        counts.max { ($0.value, $1.key) < ($1.value, $0.key) }
            .flatMap { $0.value >= Self.leastCount ? $0.key : nil }
    }

    private mutating func merge(_ pair: Pair, into token: Int) {
        for index in places.removeValue(forKey: pair) ?? [] {
            let old = pieces[index].tokens
            let new = BytePairCodec.merging(pair, into: token, in: old)
            guard new.count < old.count else { continue }
            add(old, piece: index, sign: -1)
            add(new, piece: index, sign: 1)
            pieces[index].tokens = new
        }
        counts[pair] = nil
    }

    private mutating func add(_ tokens: [Int], piece: Int, sign: Int) {
        for (left, right) in zip(tokens, tokens.dropFirst()) {
            let pair = Pair(left: left, right: right)
            counts[pair, default: 0] += sign * pieces[piece].count
            if sign > 0 { places[pair, default: []].insert(piece) }
        }
    }
}
