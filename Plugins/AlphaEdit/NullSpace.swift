// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The directions in which the keys of ordinary text have next to no energy: small eigenvalues of their second
/// moment C.
struct NullSpace {
    /// Which eigenvalues are small.
    enum Rule {
        /// Those below a number, in units of squared activation.
        case below(Double)
        /// The smallest that together are this share of the trace.
        case shareOfTrace(Double)
    }

    /// Orthonormal columns `[dMLP, k]`, float64: the directions that are kept, or those that are removed, whichever are
    /// fewer.
    let columns: Tensor
    let areKept: Bool

    var keptCount: Int { areKept ? columns.shape[1] : columns.shape[0] - columns.shape[1] }

    init(columns: Tensor, areKept: Bool) {
        self.columns = columns
        self.areKept = areKept
    }

    /// - Parameter moment: C `[dMLP, dMLP]`, float64.
    /// - Parameter name: whose moment it is, for errors.
    /// - Throws: no direction is kept.
    init(of moment: Tensor, _ rule: Rule, name: String) throws {
        let (eigenvalues, vectors) = try moment.eigh()
        let values = try eigenvalues.scalars(as: Double.self)
        let kept: Int
        switch rule {
        case .below(let threshold):
            kept = values.prefix { $0 < threshold }.count
        case .shareOfTrace(let share):
            let limit = share * values.reduce(0, +)
            var sum = 0.0
            kept =
                values.prefix { value in
                    sum += value
                    return sum <= limit
                }.count
        }
        guard kept > 0 else {
            throw SutureError(
                .failedPrecondition,
                "alphaedit may change nothing at \(name): no eigenvalue of its second moment is small enough, the "
                    + "smallest is \(values.first ?? 0)",
                hint: "raise nullspace_threshold, or set nullspace_trace_share")
        }
        let width = values.count
        areKept = 2 * kept <= width
        columns = try vectors.sliced(1, areKept ? 0..<kept : kept..<width).contiguous()
    }

    /// The part of each row inside the null space, `[n, dMLP]`, float64.
    func project(_ rows: Tensor) throws -> Tensor {
        let part = try rows.matmul(columns).matmul(columns.transposed())
        return areKept ? part : try rows - part
    }
}
