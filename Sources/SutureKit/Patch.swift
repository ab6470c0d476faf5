// SPDX-License-Identifier: Apache-2.0

import CSuture

/// A change of one weight, kept in the form in which it was found.
///
/// Orientation is `[out, in]`, whatever the checkpoint stores. Factors stay factors: a difference of rounded weights has
/// lost up to half of a small edit.
public struct Delta: Sendable {
    public enum Form: Sendable {
        /// left `[out, rank]` · right `[rank, in]`
        case lowRank(left: Tensor, right: Tensor)
        /// values `[n, in]`, added to the rows `rows` (int64 `[n]`)
        case rows(rows: Tensor, values: Tensor)
        /// the shape of the parameter
        case dense(Tensor)
    }

    /// The checkpoint's name of the tensor.
    public var parameter: String
    public var form: Form

    public init(_ parameter: String, _ form: Form) {
        self.parameter = parameter
        self.form = form
    }

    /// The change as a whole matrix of a given shape, in the type of its parts.
    public func dense(shape: [Int]) throws(SutureError) -> Tensor {
        switch form {
        case .lowRank(let left, let right): return try left.matmul(right)
        case .rows(let rows, let values):
            return try Tensor.zeros(shape, dtype: values.dtype, device: values.device).indexAdded(0, rows, values)
        case .dense(let values): return values
        }
    }

    /// The tensors of the form, for checks that concern each.
    public var tensors: [Tensor] {
        switch form {
        case .lowRank(let left, let right): [left, right]
        case .rows(let rows, let values): [rows, values]
        case .dense(let values): [values]
        }
    }
}

/// What a patcher returns: a value, never a side effect. The host applies it to an overlay and checks it.
public struct Patch: Sendable {
    public var deltas: [Delta]
    public init(_ deltas: [Delta] = []) { self.deltas = deltas }
}
