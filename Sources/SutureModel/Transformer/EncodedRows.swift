// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Rows of an encoder–decoder model whose source has been read: what its cache holds.
///
/// The encoder runs once for a text. The decoder runs over all of its tokens again in each pass, so that nothing of it is
/// kept.
struct EncodedRows: Sendable {
    /// The encoder's output, `[batch, source, dModel]`.
    var source: Tensor
    /// How many tokens the source of each row has, its end included.
    var sourceLengths: [Int]
    /// The decoder's tokens of each row, the one with which it begins included.
    var said: [[Int]]

    /// Real tokens of each row, source and decoder together.
    var lengths: [Int] { zip(sourceLengths, said).map { $0 + $1.count } }

    /// As a cache.
    var cache: KeyValues {
        let lengths = IntegerVector(lengths)
        return KeyValues(
            layers: [:], mask: nil, lengths: lengths, turnedFor: lengths, width: lengths.max() ?? 0, isPrefix: true,
            encoded: self)
    }

    /// Chosen rows, of which only the first `lengths[i]` tokens count.
    ///
    /// - Throws: `outOfRange` for a length that leaves nothing of the decoder's tokens.
    func selecting(_ rows: [Int], lengths: [Int]) throws(SutureError) -> EncodedRows {
        var said: [[Int]] = []
        for (row, length) in zip(rows, lengths) {
            guard length > sourceLengths[row] else {
                throw SutureError(
                    .outOfRange,
                    "a cache of an encoder–decoder model cannot be cut to \(length) tokens, because the source has "
                        + "\(sourceLengths[row])", hint: "keep the source and the token with which the decoder begins")
            }
            said.append(Array(self.said[row].prefix(length - sourceLengths[row])))
        }
        return EncodedRows(
            source: try source.indexSelect(0, IntegerVector(rows)), sourceLengths: rows.map { sourceLengths[$0] },
            said: said)
    }
}
