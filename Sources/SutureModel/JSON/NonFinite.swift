// SPDX-License-Identifier: Apache-2.0

/// How numbers that are not finite are written: in every file, table, page and sentence, and read back from files.
///
/// Python's `float()` reads the same words.
package enum NonFinite {
    package static let nan = "nan"
    package static let infinity = "inf"
    package static let minusInfinity = "-inf"

    /// The word for a number; nil for a finite one.
    package static func word(_ value: Double) -> String? {
        guard !value.isFinite else { return nil }
        return value.isNaN ? nan : value > 0 ? infinity : minusInfinity
    }
}
