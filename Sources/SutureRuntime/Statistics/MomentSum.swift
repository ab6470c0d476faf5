// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A sum of x xᵀ over batches, or of what an estimator hands out.
///
/// In float64 it does not depend on the order of the batches, nor on how they were divided among processes: each number is a
/// whole part and a fraction in steps of 2⁻³⁶, two float64 that are added without any rounding. What the steps leave out of the
/// product of a batch is at most 2⁻³⁷, far below what float32 leaves out of a product of size 1. In float32 it is a plain sum.
struct MomentSum {
    /// `[width, width]`: the whole parts and the fractions, or the sum.
    private(set) var parts: [Tensor]

    /// Whole parts below this, and fractions of 2¹⁶ batches and more, are added exactly.
    private static let largest = 0x1p51
    /// Adding and taking it away again rounds a float64 to a whole number, or to a step.
    private static let toWhole = 0x1.8p52
    private static let toStep = 0x1.8p16

    /// The names of the parts of a sum that does not depend on the order, in files.
    static let partNames = ["whole", "fraction"]

    /// - Parameter parts: as they were read.
    init(parts: [Tensor]) { self.parts = parts }

    /// The sum of one product of float32 or wider.
    init(_ product: Tensor, as dtype: DType) throws {
        guard dtype == .float64 else {
            parts = [try product.cast(to: dtype, device: .cpu)]
            return
        }
        let product = try product.cast(to: .float64, device: .cpu)
        let whole = try (product + Self.toWhole) - Self.toWhole
        parts = [whole, try ((product - whole) + Self.toStep) - Self.toStep]
    }

    mutating func add(_ other: MomentSum) throws {
        for (place, part) in other.parts.enumerated() { parts[place] = try parts[place] + part }
    }

    /// The sum in float64.
    ///
    /// - Throws: `run` where it is too large to be exact.
    func value() throws -> Tensor {
        guard parts.count > 1 else { return try parts[0].cast(to: .float64) }
        guard try !(parts[0].abs().max().item() >= Self.largest) else {
            throw RuntimeError(
                .run, "the values of the model are too large for exact sums: a sum exceeds 2^51",
                hint: "take fewer tokens, or set statistics.dtype: float32 where statistics are computed")
        }
        return try parts[0] + parts[1]
    }
}
