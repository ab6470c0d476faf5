// SPDX-License-Identifier: Apache-2.0

/// Reads the scores of a Unigram vocabulary with the rounding of the `tokenizers` package.
///
/// The package's JSON reader takes the digits as one whole number and scales it by a power of ten. About one score in
/// seven comes out a unit in the last place away from the nearest number. Ways to cut a text are compared by the sums of such
/// scores, so a tie goes the same way only where the scores are the same to the last bit.
enum UnigramScore {
    private static let largestPower = 308
    /// 1, 10, 100 and so on, each rounded to the nearest number.
    private static let powers: [Double] = (0...largestPower).map { Double("1e\($0)") ?? .infinity }

    /// The number that the digits of a JSON number stand for; nil where it is too large.
    static func parse(_ number: String) -> Double? {
        var units = Substring(number).utf8
        let isNegative = units.first == UInt8(ascii: "-")
        if isNegative { units.removeFirst() }
        var significand: UInt64 = 0
        var exponent = 0
        let whole = units.prefix(while: isDigit)
        units = units.dropFirst(whole.count)
        for (index, unit) in whole.enumerated() {
            guard append(unit, to: &significand) else {
                exponent += whole.count - index
                break
            }
        }
        if units.first == UInt8(ascii: ".") {
            units.removeFirst()
            let fraction = units.prefix(while: isDigit)
            units = units.dropFirst(fraction.count)
            for unit in fraction {
                // Digits beyond 64 bits are left out, as the package does it.
                guard append(unit, to: &significand) else { break }
                exponent -= 1
            }
        }
        if !units.isEmpty { exponent += self.exponent(units.dropFirst()) }
        return scaled(Double(significand), by: exponent).map { isNegative ? -$0 : $0 }
    }

    /// Adds a digit; false where the number would exceed 64 bits.
    private static func append(_ unit: UInt8, to significand: inout UInt64) -> Bool {
        let (shifted, isTooLarge) = significand.multipliedReportingOverflow(by: 10)
        let (sum, isStillTooLarge) = shifted.addingReportingOverflow(UInt64(unit - UInt8(ascii: "0")))
        if isTooLarge || isStillTooLarge { return false }
        significand = sum
        return true
    }

    /// What follows the letter `e`, not further from zero than a million.
    private static func exponent(_ units: Substring.UTF8View.SubSequence) -> Int {
        let isNegative = units.first == UInt8(ascii: "-")
        var value = 0
        for unit in units where isDigit(unit) { value = min(value * 10 + Int(unit - UInt8(ascii: "0")), 1_000_000) }
        return isNegative ? -value : value
    }

    private static func scaled(_ significand: Double, by exponent: Int) -> Double? {
        var (value, exponent) = (significand, exponent)
        while exponent < -largestPower, value != 0 {
            value /= powers[largestPower]
            exponent += largestPower
        }
        if value == 0 { return 0 }
        if exponent > largestPower { return nil }
        value = exponent >= 0 ? value * powers[exponent] : value / powers[-exponent]
        return value.isFinite ? value : nil
    }

    private static func isDigit(_ unit: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(unit) }
}
