// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// What stopped a command, and the exit code that tells a script so.
public struct RuntimeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The family of failure; its raw value is the exit code.
    public struct Kind: RawRepresentable, Sendable, Hashable, Codable {
        /// The exit code of the command.
        public let rawValue: Int32
        /// The family with this exit code.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The run failed.
        public static let run = Kind(rawValue: 1)
        /// The command line or the experiment file is wrong.
        public static let usage = Kind(rawValue: 2)
        /// A plugin is missing, misbehaves, or took the worker down.
        public static let plugin = Kind(rawValue: 3)
        /// A model or data file is wrong.
        public static let file = Kind(rawValue: 4)
        /// An edit was refused: no-op, not finite, collapse.
        public static let refused = Kind(rawValue: 5)
        /// Some runs of a sweep failed.
        public static let sweep = Kind(rawValue: 6)
        /// Another process is writing to the same place.
        public static let busy = Kind(rawValue: 7)
        /// The program that read the answer has gone, as `head` does; nothing is said.
        public static let readerGone = Kind(rawValue: 141)
        /// Interrupted after a checkpoint.
        public static let interrupted = Kind(rawValue: 130)
    }

    /// The family of failure.
    public let kind: Kind
    /// What was wrong, and where. One sentence on one line, at most ``longestMessage`` scalars long.
    public let message: String
    /// What to do. Empty where nothing can be said; one line of at most ``longestHint`` scalars otherwise.
    public let hint: String

    private static let longestMessage = 1000
    /// With the message and what joins them, a sentence.
    private static let longestHint = DisplayText.longestSentence - longestMessage - separator.count
    private static let separator = "; "

    /// A failure with its sentence, and what to do about it. Whatever they quote, both become clean lines
    /// (``DisplayText/sentence(_:longest:)``).
    public init(_ kind: Kind, _ message: String, hint: String = "") {
        self.kind = kind
        self.message = DisplayText.sentence(message, longest: Self.longestMessage)
        self.hint = DisplayText.sentence(hint, longest: Self.longestHint)
    }

    /// Any error, under a kind of its own where it has one.
    public init(_ error: any Error, as kind: Kind = .run) {
        switch error {
        case let error as RuntimeError: self = error
        case let error as SutureError:
            self.init(error.code == .cancelled ? .interrupted : kind, error.message, hint: error.hint)
        case let error as ModelError: self.init(Kind(error.code), error.message, hint: error.hint)
        default: self.init(kind, FoundationErrors.sentence(error) ?? String(describing: error))
        }
    }

    /// The sentence and, after a semicolon, the hint.
    public var description: String { hint.isEmpty ? message : message + Self.separator + hint }
}
