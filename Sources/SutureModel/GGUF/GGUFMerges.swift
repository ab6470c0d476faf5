// SPDX-License-Identifier: Apache-2.0

/// The merges that a vocabulary implies, for files that have scores alone.
///
/// Every way to cut a token into two other tokens is a merge. They are ordered by the rank of the whole, the best first, and then by
/// the lengths of the parts, the longer first. This is how transformers makes merges of SentencePiece vocabularies
/// (`generate_merges`), so that both give the same tokens.
enum GGUFMerges {
    private struct Merge {
        var left: Int
        var right: Int
        var rank: Double
        /// Of the left and the right part, in scalars.
        var lengths: (Int, Int)
    }

    /// - Parameters:
    ///   - tokens: by id. Of a token that appears twice, the later id counts.
    ///   - ranks: one for each id. The higher, the earlier.
    static func make(_ tokens: [String], ranks: [Double]) -> [(String, String)] {
        let bytes = tokens.map { Array($0.utf8) }
        var ids: [ArraySlice<UInt8>: Int] = [:]
        ids.reserveCapacity(tokens.count)
        for (id, token) in bytes.enumerated() { ids[token[...]] = id }
        var merges: [Merge] = []
        for (index, token) in bytes.enumerated() {
            guard ids[token[...]] == index else { continue }
            var parts: [Merge] = []
            var length = 0
            let count = tokens[index].unicodeScalars.count
            for (place, byte) in token.enumerated() where byte & 0xC0 != 0x80 {
                defer { length += 1 }
                guard place > 0, let left = ids[token[..<place]], let right = ids[token[place...]] else { continue }
                parts.append(Merge(left: left, right: right, rank: ranks[index], lengths: (length, count - length)))
            }
            merges += parts.sorted { ($0.left, $0.right) < ($1.left, $1.right) }
        }
        // Equal ones keep their order, which the position decides.
        return merges.enumerated().sorted { first, second in
            let (a, b) = (first.element, second.element)
            if a.rank != b.rank { return a.rank > b.rank }
            if a.lengths != b.lengths { return a.lengths > b.lengths }
            return first.offset < second.offset
        }.map { (tokens[$0.element.left], tokens[$0.element.right]) }
    }
}
