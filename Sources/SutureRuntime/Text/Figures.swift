// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// Numbers for people.
package enum Figures {
    /// At most four significant digits, without an exponent where it can be avoided.
    package static func text(_ value: Double) -> String {
        if let word = NonFinite.word(value) { return word }
        let size = abs(value)
        if size == 0 { return "0" }
        if size < 1e-3 || size >= 1e7 { return String(format: "%.3g", value) }
        return String(format: size >= 100 ? "%.1f" : size >= 1 ? "%.2f" : "%.4f", value)
    }

    /// Every digit, for files that programs read.
    static func exact(_ value: Double) -> String { NonFinite.word(value) ?? String(value) }

    /// A round number beside an axis.
    static func tick(_ value: Double) -> String {
        let size = abs(value)
        if size >= 1e5 || (size > 0 && size < 1e-3) { return String(format: "%.0e", value) }
        var text = String(format: "%.3f", value)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text == "-0" ? "0" : text
    }

    /// "1.5 GiB"
    static func size(_ bytes: Int) -> String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024 && unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        return "\(Figures.text(value)) \(units[unit])"
    }
}
