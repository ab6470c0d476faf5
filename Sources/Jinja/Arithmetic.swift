// SPDX-License-Identifier: Apache-2.0

import Foundation

/// `+`, `-`, `*`, `/`, `//`, `%` and `**` as Python has them.
enum Arithmetic {
    static func negative(_ value: JinjaValue) throws(Fault) -> JinjaValue {
        if let number = value.asInteger, number != .min { return .integer(-number) }
        guard let number = value.asNumber else { throw Fault("\(value.kind) has no sign") }
        return .number(-number)
    }

    static func result(
        _ left: JinjaValue, _ sign: String, _ right: JinjaValue, _ renderer: Renderer
    ) throws(Fault) -> JinjaValue {
        switch (left, sign, right) {
        case (.text(let one), "+", .text(let two)):
            try renderer.checkSize(one.utf8.count + two.utf8.count)
            return .text(one + two)
        case (.list(let one), "+", .list(let two)):
            try renderer.step(one.count + two.count)
            return .list(one + two)
        case (.tuple(let one), "+", .tuple(let two)):
            try renderer.step(one.count + two.count)
            return .tuple(one + two)
        case (.text(let text), "*", _) where right.asInteger != nil,
            (_, "*", .text(let text)) where left.asInteger != nil:
            let count = max((right.asInteger ?? left.asInteger) ?? 0, 0)
            let (size, overflow) = text.utf8.count.multipliedReportingOverflow(by: count)
            try renderer.checkSize(overflow ? .max : size)
            return .text(String(repeating: text, count: text.isEmpty ? 0 : count))
        default: break
        }
        if sign != "/", sign != "**", let one = left.asInteger, let two = right.asInteger {
            return .integer(try whole(one, sign, two))
        }
        guard let one = left.asNumber, let two = right.asNumber else {
            throw Fault("'\(sign)' cannot be used with \(left.kind) and \(right.kind)")
        }
        if sign == "**", left.asInteger != nil, let exponent = right.asInteger, exponent >= 0 {
            guard let power = Int(exactly: pow(one, two)), power.magnitude < 1 << 53 else { throw tooLarge }
            return .integer(power)
        }
        return .number(try real(one, sign, two))
    }

    private static var tooLarge: Fault { Fault("the result is too large") }

    private static func whole(_ one: Int, _ sign: String, _ two: Int) throws(Fault) -> Int {
        let (result, overflow): (Int, Bool)
        switch sign {
        case "+": (result, overflow) = one.addingReportingOverflow(two)
        case "-": (result, overflow) = one.subtractingReportingOverflow(two)
        case "*": (result, overflow) = one.multipliedReportingOverflow(by: two)
        default:
            guard two != 0 else { throw Fault("a number is divided by 0") }
            let (quotient, remainder) = (
                one.dividedReportingOverflow(by: two), one.remainderReportingOverflow(dividingBy: two)
            )
            let isBelow = remainder.partialValue != 0 && (remainder.partialValue < 0) != (two < 0)
            overflow = quotient.overflow
            result =
                sign == "//"
                ? quotient.partialValue - (isBelow ? 1 : 0) : remainder.partialValue + (isBelow ? two : 0)
        }
        guard !overflow else { throw tooLarge }
        return result
    }

    private static func real(_ one: Double, _ sign: String, _ two: Double) throws(Fault) -> Double {
        switch sign {
        case "+": return one + two
        case "-": return one - two
        case "*": return one * two
        case "**": return pow(one, two)
        default:
            guard two != 0 else { throw Fault("a number is divided by 0") }
            if sign == "/" { return one / two }
            let below = (one / two).rounded(.down)
            return sign == "//" ? below : one - below * two
        }
    }
}
