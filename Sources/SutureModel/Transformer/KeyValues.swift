// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Keys and values of tokens that were already run, for some of the layers. Immutable.
public struct KeyValues: Sendable {
    /// layer → keys and values, each `[batch, keyValueHead, past, dHead]`, rotary positions applied.
    var layers: [Int: (key: Tensor, value: Tensor)]
    /// bool `[batch, past]`: which of the past tokens count; nil: all.
    var mask: Tensor?
    /// How many tokens of each row count; the position of its next token.
    public let lengths: IntegerVector
    /// How long the text of each row was when its keys were turned; in some models the angles depend on it.
    var turnedFor: IntegerVector
    /// Width of the past axis.
    var width: Int
    /// The tokens that count are the first ones of each row.
    var isPrefix: Bool
    /// What the cache of an encoder–decoder model holds in place of keys and values; nil in a model that is a decoder alone.
    var encoded: EncodedRows?

    /// The cache of chosen rows, of which only the first `lengths[i]` tokens count.
    ///
    /// - Throws: rows that do not exist, lengths that exceed what is there.
    public func selecting(rows: IntegerVector?, lengths wanted: IntegerVector?) throws(SutureError) -> KeyValues {
        let keepsRows = rows.map { $0.elementsEqual(self.lengths.indices) } ?? true
        let rows = rows ?? IntegerVector(self.lengths.indices)
        guard rows.allSatisfy(self.lengths.indices.contains) else {
            throw SutureError(.outOfRange, "the cache has \(self.lengths.count) rows, asked for \(rows)")
        }
        let available = rows.map { self.lengths[$0] }
        let lengths = wanted ?? IntegerVector(available)
        guard lengths.count == rows.count, zip(lengths, available).allSatisfy({ $0 >= 0 && $0 <= $1 }) else {
            throw SutureError(
                .outOfRange, "the cache has \(available) tokens in its rows, asked for \(lengths)",
                hint: "ask for at most as many tokens as were run")
        }
        guard isPrefix || encoded != nil || lengths.elementsEqual(available) else {
            throw SutureError(
                .unimplemented, "a cache of generated tokens cannot be shortened", hint: "run the tokens again")
        }
        if let encoded { return try encoded.selecting(Array(rows), lengths: Array(lengths)).cache }
        let width = isPrefix ? lengths.max() ?? 0 : self.width
        func select(_ tensor: Tensor, _ axis: Int) throws(SutureError) -> Tensor {
            let chosen = keepsRows ? tensor : try tensor.indexSelect(0, rows)
            return try chosen.sliced(axis, 0..<width)
        }
        var layers: [Int: (key: Tensor, value: Tensor)] = [:]
        for (layer, pair) in self.layers { layers[layer] = (try select(pair.key, 2), try select(pair.value, 2)) }
        let mask: Tensor?
        if isPrefix {
            mask = try KeyValues.prefixMask(lengths, width: width)
        } else {
            mask = try self.mask.map { m throws(SutureError) in try select(m, 1) }
        }
        return KeyValues(
            layers: layers, mask: mask, lengths: lengths, turnedFor: IntegerVector(rows.map { turnedFor[$0] }),
            width: width,
            isPrefix: isPrefix)
    }

    /// The cache of chosen rows, of which only the first `lengths[i]` tokens count.
    public func selecting(rows: [Int], lengths: [Int]) throws(SutureError) -> KeyValues {
        try selecting(rows: IntegerVector(rows), lengths: IntegerVector(lengths))
    }

    /// The mask with nothing left unsaid, bool `[batch, past]`.
    func fullMask(_ batch: Int) throws(SutureError) -> Tensor {
        if let mask { return mask }
        return try Tensor.ones([batch, width], dtype: .bool)
    }

    /// int64 `[batch, past]`: the positions of the tokens. Those of tokens that do not count mean nothing.
    func positions(_ batch: Int) throws(SutureError) -> Tensor {
        guard !isPrefix else { return try Tensor.range(0..<width).unsqueezed(0).expanded(batch, width) }
        return try fullMask(batch).cast(to: .int64).cumulativeSum(1) - 1
    }

    /// bool `[batch, width]`: true for the first `lengths[i]` of each row; nil where that is all of them.
    static func prefixMask(_ lengths: IntegerVector, width: Int) throws(SutureError) -> Tensor? {
        guard lengths.contains(where: { $0 < width }) else { return nil }
        let row = try Tensor.range(0..<width).unsqueezed(0)
        return try row.less(lengths.tensor.unsqueezed(1))
    }
}
