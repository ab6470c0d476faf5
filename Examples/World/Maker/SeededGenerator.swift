// SPDX-License-Identifier: Apache-2.0

/// A small random number generator whose numbers depend only on the seed and the name of the stream.
///
/// The standard library leaves open how `shuffled(using:)` and `randomElement(using:)` use a generator, so the few
/// draws that the maker needs are defined here: the same seed gives the same files with every compiler.
///
/// Source: the SplitMix64 step of Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), and
/// the 64-bit FNV-1a hash for the stream's name.
struct SeededGenerator: Sendable {
    private var state: UInt64

    /// A generator for one named purpose, so that a change in one table does not move the draws for another.
    init(seed: UInt64, stream: String) {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in stream.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        state = seed &* 0x9e37_79b9_7f4a_7c15 ^ hash
    }

    /// The next 64 random bits.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    /// A number from 0 up to, not including, `bound`, which must be positive.
    mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "a draw needs at least one choice")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number from 0 up to, not including, 1.
    mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// One element of a collection that must not be empty.
    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }

    /// The elements in random order (Fisher and Yates).
    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        var remaining = result.count
        while remaining > 1 {
            result.swapAt(remaining - 1, below(remaining))
            remaining -= 1
        }
        return result
    }
}
