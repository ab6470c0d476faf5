// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Sums over a block of examples, added in float64.
///
/// The host adds sums in steps of 2⁻³⁶ up to 2⁵¹, and gradients are small: a second moment of 1e-8 would keep three digits.
/// So a gradient counts 2¹² times in what is handed out, a product of two 2²⁴ times; ``Session/sum(_:_:)`` takes it back.
struct BlockSums {
    /// How often a gradient is a factor of what is added.
    enum Scale: Int, Sendable {
        /// Counts, and moments of inputs.
        case plain = 0
        /// Moments of a gradient and something else.
        case linear
        /// Second moments of gradients.
        case square

        /// A power of two, so that nothing is rounded.
        var factor: Double { self == .plain ? 1 : self == .linear ? 4096 : 4096 * 4096 }
    }

    private var totals: [String: Tensor] = [:]

    /// Adds a tensor to the sum of a name.
    mutating func add(_ name: String, _ tensor: Tensor, _ scale: Scale = .plain) throws(SutureError) {
        let wide = try tensor.cast(to: .float64, device: .cpu) * scale.factor
        totals[name] = try totals[name].map { t throws(SutureError) in try t + wide } ?? wide
    }

    /// Adds a number.
    mutating func add(_ name: String, _ number: Double) throws(SutureError) {
        try add(name, Tensor([number]))
    }

    /// What was added under some names.
    ///
    /// - Parameter shape: of a sum to which nothing was added.
    func named(_ names: [String], empty shape: (String) throws -> [Int] = { _ in [1] }) throws -> [NamedTensor] {
        try names.map { NamedTensor($0, try totals[$0] ?? .zeros(shape($0), dtype: .float64)) }
    }
}

extension Session {
    /// The sum over all examples that passes have handed out under a name, float64, on the CPU.
    ///
    /// - Throws: `failedPrecondition` where there is none.
    func sum(_ name: String, _ scale: BlockSums.Scale = .plain) throws(SutureError) -> Tensor {
        guard let sum = try stored(name) else {
            throw SutureError(
                .failedPrecondition, "the estimator has not been fitted: there is no sum \"\(name)\"",
                hint: "let the host fit it, pass by pass, before it traces")
        }
        return try sum.cast(to: .float64, device: .cpu) * (1 / scale.factor)
    }
}
