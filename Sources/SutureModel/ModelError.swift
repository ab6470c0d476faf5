// SPDX-License-Identifier: Apache-2.0

/// A model folder that cannot be used: which file or entry, why, and what to do.
public struct ModelError: Error, Sendable, Hashable, CustomStringConvertible {
    public var message: String
    public var hint: String

    public init(_ message: String, hint: String = "") {
        self.message = message
        self.hint = hint
    }

    public var description: String { hint.isEmpty ? message : "\(message); \(hint)" }
}
