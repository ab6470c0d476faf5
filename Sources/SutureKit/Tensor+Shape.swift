// SPDX-License-Identifier: Apache-2.0

import CSuture

// Shape, slices and indices. Negative dimensions count from the end.

extension Tensor {
    private func shape(_ operation: ShapeOperation, _ sizes: [Int]) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            sizes.map(Int64.init).withUnsafeBufferPointer {
                table.pointee.shape(operation.rawValue, handle, $0.baseAddress, Int64($0.count), out)
            }
        }
    }

    func along(_ operation: AlongOperation, _ dimension: Int) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.along(operation.rawValue, handle, Int64(dimension), out) }
    }

    /// The same elements in another shape; one size may be -1.
    public func reshaped(_ sizes: Int...) throws(SutureError) -> Tensor { try shape(.reshape, sizes) }
    /// The same elements in another shape; one size may be -1.
    public func reshaped(_ sizes: [Int]) throws(SutureError) -> Tensor { try shape(.reshape, sizes) }
    /// Repeats axes of size 1 without a copy; -1 keeps an axis.
    public func expanded(_ sizes: Int...) throws(SutureError) -> Tensor { try shape(.expand, sizes) }
    /// Repeats axes of size 1 without a copy; -1 keeps an axis.
    public func expanded(_ sizes: [Int]) throws(SutureError) -> Tensor { try shape(.expand, sizes) }
    /// The axes in another order: axis i of the result is axis `order[i]` of this tensor.
    public func permuted(_ order: Int...) throws(SutureError) -> Tensor { try shape(.permute, order) }
    /// Exchanges two axes, by default the last two.
    public func transposed(_ first: Int = -2, _ second: Int = -1) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.transpose(handle, Int64(first), Int64(second), out) }
    }
    /// A view with a new axis of size 1 at a dimension; -1 puts it last.
    public func unsqueezed(_ dimension: Int) throws(SutureError) -> Tensor { try along(.unsqueeze, dimension) }
    /// A view without an axis of size 1.
    ///
    /// - Throws: `invalidArgument` where the axis has another size.
    public func squeezed(_ dimension: Int) throws(SutureError) -> Tensor { try along(.squeeze, dimension) }
    /// A copy in which one axis runs backwards.
    public func flipped(_ dimension: Int) throws(SutureError) -> Tensor { try along(.flip, dimension) }
    /// Sums of the elements so far along an axis, in its shape.
    public func cumulativeSum(_ dimension: Int) throws(SutureError) -> Tensor { try along(.cumsum, dimension) }
    /// The diagonal of a matrix, or a matrix with this diagonal.
    public func diagonal() throws(SutureError) -> Tensor { try unary(.diagonal) }

    /// A view of part of one axis.
    public func sliced(_ dimension: Int, _ range: Range<Int>, step: Int = 1) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.slice(
                handle, Int64(dimension), Int64(range.lowerBound), Int64(range.upperBound), Int64(step), out)
        }
    }

    /// One index of one axis, which goes away.
    public func select(_ dimension: Int, _ index: Int) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.select(handle, Int64(dimension), Int64(index), out) }
    }

    /// Row `index` of the first axis.
    public subscript(_ index: Int) -> Tensor {
        get throws(SutureError) { try select(0, index) }
    }

    /// Rows `range` of the first axis.
    public subscript(_ range: Range<Int>) -> Tensor {
        get throws(SutureError) { try sliced(0, range) }
    }

    private func indexed(
        _ operation: IndexedOperation, _ dimension: Int, _ index: Tensor, _ source: Tensor? = nil
    ) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.indexed(operation.rawValue, handle, Int64(dimension), index.handle, source?.handle, out)
        }
    }

    /// The slices at `index` (int64 `[n]`) of an axis, in that order; repeats allowed.
    public func indexSelect(_ dimension: Int, _ index: Tensor) throws(SutureError) -> Tensor {
        try indexed(.indexSelect, dimension, index)
    }
    /// The slices at some indices of an axis, in that order; repeats allowed.
    public func indexSelect(_ dimension: Int, _ index: [Int]) throws(SutureError) -> Tensor {
        try indexed(.indexSelect, dimension, Tensor(index, device: device))
    }
    /// `out[i][j] = self[i][index[i][j]]` along the last dimension given; `index` has this tensor's rank.
    public func gather(_ dimension: Int, _ index: Tensor) throws(SutureError) -> Tensor {
        try indexed(.gather, dimension, index)
    }
    /// A copy with the slices of `source` added at `index` (int64 `[n]`).
    public func indexAdded(_ dimension: Int, _ index: Tensor, _ source: Tensor) throws(SutureError) -> Tensor {
        try indexed(.indexAdd, dimension, index, source)
    }
    /// A copy with the slices of `source` put at `index` (int64 `[n]`).
    public func indexCopied(_ dimension: Int, _ index: Tensor, _ source: Tensor) throws(SutureError) -> Tensor {
        try indexed(.indexCopy, dimension, index, source)
    }
    /// A copy with `source` put at `index`, elementwise, along an axis.
    public func scattered(_ dimension: Int, _ index: Tensor, _ source: Tensor) throws(SutureError) -> Tensor {
        try indexed(.scatter, dimension, index, source)
    }
    /// The rows of this table `[vocabulary, d]` for every index: `[.., d]`.
    public func embedding(_ index: Tensor) throws(SutureError) -> Tensor {
        try indexed(.embedding, 0, index)
    }

    /// `[n, …]`: the entries at pairs (first, second), int64 `[n, 2]`, of the first two axes.
    public func pick(_ pairs: Tensor) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.pick(handle, pairs.handle, out) }
    }
    /// A copy with `values` put (or added) at pairs of the first two axes.
    public func put(_ values: Tensor, at pairs: Tensor, adding: Bool = false) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.put(handle, pairs.handle, values.handle, adding ? 1 : 0, out)
        }
    }

    private static func joined(_ tensors: [Tensor], _ dimension: Int, _ stacks: Bool) throws(SutureError) -> Tensor {
        guard !tensors.isEmpty else { throw SutureError(.invalidArgument, "there is no tensor to join") }
        return try make { table, out in
            withExtendedLifetime(tensors) {
                tensors.map(\.handle).withUnsafeBufferPointer { handles in
                    guard let base = handles.baseAddress else { return nil }
                    return table.pointee.concatenate(
                        base, Int64(handles.count), Int64(dimension), stacks ? 1 : 0, out)
                }
            }
        }
    }

    /// Joins along an existing axis.
    public static func concatenated(_ tensors: [Tensor], _ dimension: Int = 0) throws(SutureError) -> Tensor {
        try joined(tensors, dimension, false)
    }
    /// Joins along a new axis.
    public static func stacked(_ tensors: [Tensor], _ dimension: Int = 0) throws(SutureError) -> Tensor {
        try joined(tensors, dimension, true)
    }
    /// Keeps what is on or below (`upper`: above) a diagonal of a matrix; the rest is 0.
    public func triangle(upper: Bool = false, diagonal: Int = 0) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.triangle(handle, Int64(diagonal), upper ? 1 : 0, out)
        }
    }

    /// The k largest along the last axis, descending, and their indices (int64).
    public func topK(_ k: Int) throws(SutureError) -> (values: Tensor, indices: Tensor) {
        let table = try Host.tables().tensor
        var values: OpaquePointer?
        var indices: OpaquePointer?
        try Host.check(table.pointee.top_k(handle, Int64(k), &values, &indices))
        return try Tensor.pair(values, indices)
    }
    /// Sorted along an axis, and the indices (int64). Stable.
    public func sorted(_ dimension: Int = -1, descending: Bool = false) throws(SutureError)
        -> (values: Tensor, indices: Tensor)
    {
        let table = try Host.tables().tensor
        var values: OpaquePointer?
        var indices: OpaquePointer?
        try Host.check(table.pointee.sort(handle, Int64(dimension), descending ? 1 : 0, &values, &indices))
        return try Tensor.pair(values, indices)
    }

    private static func pair(_ a: OpaquePointer?, _ b: OpaquePointer?) throws(SutureError) -> (Tensor, Tensor) {
        guard let a, let b else { throw SutureError(.internal, "the host returned no tensor and no error") }
        return (try Tensor(owning: a), try Tensor(owning: b))
    }
}
