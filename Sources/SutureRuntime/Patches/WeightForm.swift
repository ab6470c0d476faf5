// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// A number format in which a model may be served, as a round trip: what the weights are once they have been stored in it.
package enum WeightForm: String, Sendable, Hashable, Codable, CaseIterable {
    case bfloat16, float16
    /// llama.cpp's blocks of 32 numbers along the input, one float16 scale each, of 8 or 4 bits.
    case q8 = "q8_0"
    case q4 = "q4_0"

    private static let blockSize = 32

    /// The numbers of a weight after the round trip, in their own type. Vectors, and matrices whose rows are no whole blocks, become
    /// float16 where others become blocks.
    ///
    /// - Parameter weight: `[out, in]`, or a vector.
    func roundTrip(_ weight: Tensor) throws -> Tensor {
        switch self {
        case .bfloat16: try weight.cast(to: .bfloat16).cast(to: weight.dtype)
        case .float16: try weight.cast(to: .float16).cast(to: weight.dtype)
        case .q8, .q4:
            try weight.shape.count == 2 && weight.shape[1] % Self.blockSize == 0
                ? blocks(weight) : WeightForm.float16.roundTrip(weight)
        }
    }

    private func blocks(_ weight: Tensor) throws -> Tensor {
        let x = try weight.cast(to: .float32).contiguous().reshaped([weight.count / Self.blockSize, Self.blockSize])
        let low = try x.min(1, keepsDimensions: true)
        let high = try x.max(1, keepsDimensions: true)
        let scale: Tensor
        let quantised: Tensor
        if self == .q8 {
            scale = try low.abs().maximum(high.abs()) / 127
            quantised = try Self.rounded(x * Self.inverse(scale))
        } else {
            // The number of the largest size becomes -8 times the scale.
            scale = try high.abs().greater(low.abs()).choose(high, low) / -8
            let shifted = try x.cast(to: .float64) * Self.inverse(scale).cast(to: .float64) + 8.5
            quantised = try shifted.cast(to: .int64).cast(to: .float32).minimum(15) - 8
        }
        return try (quantised * scale.cast(to: .float16).cast(to: .float32)).reshaped(weight.shape).cast(
            to: weight.dtype)
    }

    /// 1 / x, and 0 for 0.
    private static func inverse(_ x: Tensor) throws -> Tensor {
        let isZero = try x.equal(0)
        return try isZero.choose(Tensor.zeros(x.shape), 1 / isZero.choose(Tensor.ones(x.shape), x))
    }

    /// To the nearest whole number, halves away from 0, as C's `roundf`.
    private static func rounded(_ x: Tensor) throws -> Tensor {
        try (x + x.sign() * 0.5).cast(to: .int64).cast(to: .float32)
    }
}
