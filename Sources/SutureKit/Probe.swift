// SPDX-License-Identifier: Apache-2.0

/// A question about what else an edit should have changed (portability), or should have left alone (locality).
///
/// Source: the records of KnowEdit (Zhang et al. 2024), whose questions come in kinds.
public struct Probe: Sendable, Hashable, Codable {
    /// What an edit has to do with the answer.
    public enum Expectation: Int32, Sendable, Hashable, Codable {
        /// It implies the answer, which was another before.
        case follows = 1
        /// It leaves the answer as it is.
        case stays = 2
    }

    /// The data set's own word for this kind of question, of lower-case letters, digits and `_`: "reasoning".
    public var kind: String
    /// What is asked, whole.
    public var prompt: String
    /// What an edit has to do with the answer.
    public var expectation: Expectation
    /// Any one of them is right; at least one, without leading space. It follows the prompt as an object does
    /// (``EditCase/following(_:)``).
    public var answers: [String]

    /// A question with its answers.
    public init(kind: String, prompt: String, expectation: Expectation, answers: [String]) {
        self.kind = kind
        self.prompt = prompt
        self.expectation = expectation
        self.answers = answers
    }
}
