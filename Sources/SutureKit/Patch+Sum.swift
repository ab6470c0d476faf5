// SPDX-License-Identifier: Apache-2.0

extension Patch {
    /// Both patches as one: it changes each weight by the sum of the changes.
    ///
    /// Exact, and as small as the forms allow: factors are joined as long as they are smaller than the weight, changed
    /// rows are listed one after the other, and everything else becomes one dense matrix. Weights stay in the order in
    /// which they are first changed.
    public static func + (a: Patch, b: Patch) throws(SutureError) -> Patch {
        var sum = a
        for delta in b.deltas {
            if let place = sum.deltas.firstIndex(where: { $0.parameter == delta.parameter }) {
                sum.deltas[place].form = try sum.deltas[place].form.adding(delta.form)
            } else {
                sum.deltas.append(delta)
            }
        }
        return sum
    }

    /// Adds another patch to this one; see ``+(_:_:)``.
    public static func += (a: inout Patch, b: Patch) throws(SutureError) { a = try a + b }
}

extension Delta.Form {
    /// Whether factors of a rank have fewer numbers than the weight of this shape, `[out, in]`.
    public static func areFactorsSmaller(rank: Int, than shape: [Int]) -> Bool {
        rank * (shape[0] + shape[1]) < shape[0] * shape[1]
    }

    /// The sum of two changes of the same weight.
    func adding(_ other: Delta.Form) throws(SutureError) -> Delta.Form {
        switch (self, other) {
        case (.lowRank(let left, let right), .lowRank(let nextLeft, let nextRight)):
            let rank = left.shape[1] + nextLeft.shape[1]
            if Delta.Form.areFactorsSmaller(rank: rank, than: [left.shape[0], right.shape[1]]) {
                return .lowRank(
                    left: try Tensor.concatenated([left, nextLeft], 1),
                    right: try Tensor.concatenated([right, nextRight], 0))
            }
            return .dense(try left.matmul(right) + nextLeft.matmul(nextRight))
        case (.rows(let rows, let values), .rows(let nextRows, let nextValues)):
            return .rows(
                rows: try Tensor.concatenated([rows, nextRows], 0),
                values: try Tensor.concatenated([values, nextValues], 0))
        case (.dense(let values), .dense(let next)): return .dense(try values + next)
        case (.dense(let values), let form), (let form, .dense(let values)):
            // Addition commutes, in floating point, too.
            return .dense(try values + form.dense(shape: values.shape))
        case (.lowRank(let left, let right), let form), (let form, .lowRank(let left, let right)):
            let whole = try left.matmul(right)
            return .dense(try whole + form.dense(shape: whole.shape))
        }
    }

    /// The change as a whole matrix of a given shape, in the type of its parts.
    public func dense(shape: [Int]) throws(SutureError) -> Tensor {
        switch self {
        case .lowRank(let left, let right): return try left.matmul(right)
        case .rows(let rows, let values):
            return try Tensor.zeros(shape, dtype: values.dtype, device: values.device).indexAdded(0, rows, values)
        case .dense(let values): return values
        }
    }
}
