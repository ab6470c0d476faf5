// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Numbers from a seed, the same in every process (SplitMix64, Steele et al. 2014).
struct RandomStream {
    private var state: UInt64

    init(seed: Int, key: Int) {
        state = UInt64(bitPattern: Int64(seed))
        _ = next()
        state ^= UInt64(bitPattern: Int64(key))
        _ = next()
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// A number in [0, 1), of 53 bits.
    private mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// An index, drawn by softmax of the logits, which fall.
    mutating func draw(logits: ArraySlice<Double>) -> Int {
        let weights = logits.map { exponential($0 - (logits.first ?? 0)) }
        var rest = fraction() * weights.reduce(0, +)
        for (i, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return i }
        }
        return weights.count - 1
    }

    /// A whole number from 0 to `count` − 1.
    mutating func draw(below count: Int) -> Int { Int(fraction() * Double(count)) }
}
