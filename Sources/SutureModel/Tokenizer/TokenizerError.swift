// SPDX-License-Identifier: Apache-2.0

/// A tokenizer file that cannot be read exactly, or a request it cannot answer.
///
/// The tokenizer never approximates: what it does not understand is refused with an error that names it.
public struct TokenizerError: Error, Sendable, Equatable {
    /// What went wrong, for code that must tell cases apart; more codes may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String

        public init(rawValue: String) {
            self.rawValue = rawValue
        }

        /// The file is missing or cannot be read.
        public static let unreadableFile = Code(rawValue: "unreadableFile")
        /// The file is not well-formed JSON, or is cut off.
        public static let malformedJSON = Code(rawValue: "malformedJSON")
        /// A field that must be there is missing.
        public static let missingField = Code(rawValue: "missingField")
        /// A field holds a value of the wrong kind or outside its range.
        public static let invalidField = Code(rawValue: "invalidField")
        /// A component type is not known.
        public static let unsupportedComponent = Code(rawValue: "unsupportedComponent")
        /// A known component asks for an option that is not supported.
        public static let unsupportedOption = Code(rawValue: "unsupportedOption")
        /// A regular expression uses a construct whose meaning cannot be guaranteed.
        public static let unsupportedPattern = Code(rawValue: "unsupportedPattern")
        /// Vocabulary, merges and added tokens contradict each other.
        public static let inconsistentVocabulary = Code(rawValue: "inconsistentVocabulary")
        /// A token id or token is not in the vocabulary.
        public static let unknownToken = Code(rawValue: "unknownToken")
        /// The text is longer than the tokenizer can index.
        public static let textTooLong = Code(rawValue: "textTooLong")
        /// A regular expression needs too many steps on this text.
        public static let patternTooSlow = Code(rawValue: "patternTooSlow")
    }

    /// The case, for code.
    public let code: Code
    /// One sentence naming the object and the value.
    public let message: String
    /// The sentence that tells the reader what to do.
    public let hint: String
    /// The underlying reason in the system's words, where there is one.
    public let cause: String?

    /// Makes an error from its parts.
    public init(code: Code, message: String, hint: String, cause: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }
}

extension TokenizerError: CustomStringConvertible {
    public var description: String {
        var text = message + " " + hint
        if let cause { text += " (" + cause + ")" }
        return text
    }
}
