// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

extension Delta {
    /// That the parts fit each other and a parameter of that shape, and are finite.
    ///
    /// - Parameter shape: `[out, in]` of a matrix.
    /// - Throws: `refused`, naming the parameter.
    func check(shape: [Int]) throws(RuntimeError) {
        func refuse(_ what: String, hint: String = "") -> RuntimeError {
            RuntimeError(.refused, "the change of '\(parameter)' \(what)", hint: hint)
        }
        let parts = tensors.map(\.shape)
        switch form {
        case .lowRank:
            guard shape.count == 2, parts[0].count == 2, parts[1].count == 2, parts[0][1] == parts[1][0],
                [parts[0][0], parts[1][1]] == shape
            else {
                throw refuse(
                    "has factors \(parts[0]) and \(parts[1]), which do not make \(shape)",
                    hint: "factors are [out, rank] and [rank, in], whatever the checkpoint stores")
            }
        case .rows(let rows, _):
            guard shape.count == 2, parts[0].count == 1, parts[1].count == 2, parts[0][0] == parts[1][0],
                parts[1][1] == shape[1], rows.dtype == .int64
            else {
                throw refuse(
                    "has \(parts[0]) row numbers in \(rows.dtype) and values \(parts[1]) for a parameter of \(shape)",
                    hint: "rows are int64 [n], values [n, in]")
            }
            let numbers = try RuntimeError.wrapping { try rows.scalars(as: Int.self) }
            if let outside = numbers.first(where: { !(0..<shape[0]).contains($0) }) {
                throw refuse("names the row \(outside), and the parameter has rows 0 to \(shape[0] - 1)")
            }
        case .dense:
            guard parts[0] == shape else {
                throw refuse(
                    "has the shape \(parts[0]), the parameter \(shape)",
                    hint: "changes are [out, in], whatever the checkpoint stores")
            }
        case .extension: throw PatchCheck.unknownForm(of: self)
        }
        for part in tensors where part.dtype != .int64 {
            guard part.dtype.isFloatingPoint else { throw refuse("is made of \(part.dtype)", hint: "use float32") }
            let isFinite = try RuntimeError.wrapping { try part.isAllFinite() }
            guard isFinite else {
                throw refuse(
                    "has numbers that are not finite",
                    hint: "lower the learning rate or the clamp, or raise the regularisation")
            }
        }
    }

    /// The Frobenius norm in float64, without making the matrix of a low-rank change.
    func norm(shape: [Int]) throws(SutureError) -> Double {
        switch form {
        case .lowRank(let left, let right):
            // ‖LR‖² = Σ (LᵀL ∘ RRᵀ)
            let left = try left.cast(to: .float64, device: .cpu)
            let right = try right.cast(to: .float64, device: .cpu)
            let squared = try (left.transposed().matmul(left) * right.matmul(right.transposed())).sum().item()
            return Swift.max(squared, 0).squareRoot()
        case .rows, .dense, .extension:
            return try float64(shape: shape).norm().item()
        }
    }

    /// The whole change in float64 on the CPU, `[out, in]`.
    func float64(shape: [Int]) throws(SutureError) -> Tensor {
        try wide().dense(shape: shape)
    }

    /// Two changes of one parameter as one, on the CPU. Factors and rows are put side by side, so that nothing is rounded; only
    /// unlike forms become a dense change, in float64.
    func adding(_ other: Delta, storedAs shape: [Int]) throws(SutureError) -> Delta {
        precondition(parameter == other.parameter)
        let isJoined =
            switch (form, other.form) {
            case (.lowRank, .lowRank), (.rows, .rows): tensors.map(\.dtype) == other.tensors.map(\.dtype)
            default: false
            }
        let (a, b) = isJoined ? (try moved(to: .cpu), try other.moved(to: .cpu)) : (try wide(), try other.wide())
        return Delta(parameter, try a.adding(b, shape: shape, keepsFactors: true))
    }
}
