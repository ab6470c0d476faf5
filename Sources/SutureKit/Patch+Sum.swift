// SPDX-License-Identifier: Apache-2.0

extension Patch {
    /// Both patches as one: it changes each weight by the sum of the changes.
    ///
    /// Exact, and as small as the forms allow: factors are joined as long as they are smaller than the weight, changed
    /// rows are listed one after the other, and everything else becomes one dense matrix in the type of its parts.
    /// Weights stay in the order in which they are first changed.
    public static func + (a: Patch, b: Patch) throws(SutureError) -> Patch {
        var sum = a
        for delta in b.deltas {
            if let place = sum.deltas.firstIndex(where: { $0.parameter == delta.parameter }) {
                sum.deltas[place].form = try sum.deltas[place].adding(delta)
            } else {
                sum.deltas.append(delta)
            }
        }
        return sum
    }

    /// Adds another patch to this one; see ``+(_:_:)``.
    public static func += (a: inout Patch, b: Patch) throws(SutureError) { a = try a + b }
}

extension Delta {
    /// Whether factors of a rank have fewer numbers than a weight of this shape, `[out, in]`.
    public static func areFactorsSmaller(rank: Int, than shape: [Int]) -> Bool {
        rank * (shape[0] + shape[1]) < shape[0] * shape[1]
    }

    /// The sum of two changes of the same weight, whose tensors are of one type and on one device.
    ///
    /// - Parameters:
    ///   - shape: of the weight; nil: the one that the forms tell.
    ///   - keepsFactors: joins factors even where they are larger than the weight, so that nothing is rounded.
    package func adding(
        _ other: Delta, shape: [Int]? = nil, keepsFactors: Bool = false
    ) throws(SutureError) -> Form {
        if case .rows(let rows, let values) = form, case .rows(let nextRows, let nextValues) = other.form {
            return .rows(
                rows: try Tensor.concatenated([rows, nextRows], 0),
                values: try Tensor.concatenated([values, nextValues], 0))
        }
        guard let shape = shape ?? weightShape ?? other.weightShape else {
            throw SutureError(
                .unimplemented, "two changes of \(parameter) have forms that cannot be added",
                hint: "give factors, rows or a dense matrix")
        }
        if case .lowRank(let left, let right) = form, case .lowRank(let nextLeft, let nextRight) = other.form,
            keepsFactors || Delta.areFactorsSmaller(rank: left.shape[1] + nextLeft.shape[1], than: shape)
        {
            return .lowRank(
                left: try Tensor.concatenated([left, nextLeft], 1),
                right: try Tensor.concatenated([right, nextRight], 0))
        }
        return .dense(try dense(shape: shape) + other.dense(shape: shape))
    }

    /// The shape of the weight, where the form tells it.
    private var weightShape: [Int]? {
        switch form {
        case .lowRank(let left, let right): [left.shape[0], right.shape[1]]
        case .dense(let values): values.shape
        default: nil
        }
    }
}
