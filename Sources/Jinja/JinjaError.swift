// SPDX-License-Identifier: Apache-2.0

/// Why a template could not be read or rendered.
package struct JinjaError: Error, Sendable, Hashable {
    /// Counted from 1.
    package var line: Int
    /// What is wrong, without the line: "the filter 'xmlattr' is not supported".
    package var message: String
    /// Whether the template itself refused by `raise_exception`.
    package var isRaised: Bool

    init(_ line: Int, _ message: String, isRaised: Bool = false) {
        (self.line, self.message, self.isRaised) = (line, message, isRaised)
    }
}
