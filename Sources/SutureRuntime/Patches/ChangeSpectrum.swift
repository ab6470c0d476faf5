// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The singular values of a change, with what belongs to them: `Δ = U diag(s) Vᵀ`, in float64 on the CPU. Of factors the matrix
/// itself is never made, so the cost is that of their rank.
struct ChangeSpectrum {
    /// `[out, k]`
    let u: Tensor
    /// Falling.
    let values: [Double]
    /// `[k, in]`
    let vTransposed: Tensor

    /// - Parameter shape: `[out, in]`
    init(_ delta: Delta, shape: [Int]) throws {
        let wide = try delta.wide()
        if let (left, right) = try wide.factors(shape: shape), left.shape[1] <= min(shape[0], shape[1]) {
            let (q, r) = try left.qr()
            let (p, t) = try right.transposed().qr()
            let core = try r.matmul(t.transposed()).svd()
            u = try q.matmul(core.u)
            vTransposed = try core.vTransposed.matmul(p.transposed())
            values = try core.s.scalars(as: Double.self)
        } else {
            let whole = try wide.dense(shape: shape).svd()
            u = whole.u
            vTransposed = whole.vTransposed
            values = try whole.s.scalars(as: Double.self)
        }
    }

    /// How many singular values are more than noise in float64.
    var rank: Int {
        let least = (values.first ?? 0) * 1e-12
        return values.count { $0 > least }
    }

    /// The closest change of a rank (Eckart and Young 1936), with its weight shared by both factors, and the Frobenius norm of what
    /// is left out.
    func factors(rank: Int) throws -> (left: Tensor, right: Tensor, leftOut: Double) {
        let rank = max(1, min(rank, values.count))
        let roots = try Tensor(values[..<rank].map { $0.squareRoot() })
        let leftOut = values[rank...].reduce(0) { $0 + $1 * $1 }.squareRoot()
        return (
            try u.sliced(1, 0..<rank) * roots, try vTransposed.sliced(0, 0..<rank) * roots.reshaped([rank, 1]), leftOut
        )
    }
}

extension Delta {
    /// The change as factors `[out, k]` and `[k, in]`, exactly; nil for a dense change and for one of a vector.
    func factors(shape: [Int]) throws -> (left: Tensor, right: Tensor)? {
        guard shape.count == 2 else { return nil }
        switch form {
        case .lowRank(let left, let right): return (left, right)
        case .rows(let rows, let values):
            let numbers = try rows.scalars(as: Int.self)
            let unit = numbers.enumerated().map { $1 * numbers.count + $0 }
            let left = try Tensor.zeros([shape[0] * numbers.count], dtype: values.dtype).indexAdded(
                0, Tensor(unit), Tensor.ones([numbers.count], dtype: values.dtype))
            return (try left.reshaped([shape[0], numbers.count]), values)
        case .dense, .extension: return nil
        }
    }
}
