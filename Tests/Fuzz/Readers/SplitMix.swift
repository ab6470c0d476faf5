// SPDX-License-Identifier: Apache-2.0

/// A small generator of random numbers (SplitMix64): equal seeds give equal inputs on every machine.
package struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(_ seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A number from 0 and below `limit`, which is at least 1.
    package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }

    package mutating func one<Element>(of list: [Element]) -> Element { list[below(list.count)] }

    /// True once in `count` times on average.
    package mutating func once(in count: Int) -> Bool { below(count) == 0 }

    /// A part of some bytes: small most of the time, anything sometimes.
    package mutating func range(of count: Int) -> Range<Int> {
        guard count > 0 else { return 0..<0 }
        let start = below(count)
        let most = once(in: 4) ? count - start : min(count - start, 16)
        return start..<start + 1 + below(most)
    }
}
