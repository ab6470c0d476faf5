// SPDX-License-Identifier: Apache-2.0

/// A set of Unicode scalars as a character class of a regular expression describes it.
struct ScalarSet: Sendable {
    enum Item: Sendable {
        case range(ClosedRange<UInt32>)
        /// Scalars whose general category is in the mask.
        case categories(UInt32)
        case space(Bool)
    }

    private let items: [Item]
    private let isNegated: Bool
    /// The answers for ASCII.
    private let ascii: (low: UInt64, high: UInt64)

    init(_ items: [Item], isNegated: Bool = false) {
        self.items = items
        self.isNegated = isNegated
        var low: UInt64 = 0
        var high: UInt64 = 0
        for scalar in UInt32(0)..<64 {
            if Self.contains(scalar, items) != isNegated { low |= 1 << UInt64(scalar) }
            if Self.contains(scalar + 64, items) != isNegated { high |= 1 << UInt64(scalar) }
        }
        ascii = (low, high)
    }

    /// Steps that a question takes, beside the one that every instruction is.
    var cost: Int { items.count / 8 }

    func contains(_ scalar: UInt32) -> Bool {
        if scalar < 64 { return ascii.low >> UInt64(scalar) & 1 == 1 }
        if scalar < 128 { return ascii.high >> UInt64(scalar - 64) & 1 == 1 }
        return Self.contains(scalar, items) != isNegated
    }

    private static func contains(_ scalar: UInt32, _ items: [Item]) -> Bool {
        for item in items {
            switch item {
            case .range(let range):
                if range.contains(scalar) { return true }
            case .categories(let mask):
                if mask >> UInt32(UnicodeClass.category(of: scalar)) & 1 == 1 { return true }
            case .space(let wanted):
                if UnicodeClass.isSpace(scalar) == wanted { return true }
            }
        }
        return false
    }
}
