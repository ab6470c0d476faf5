// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Something that every component of a kind must keep.
public struct Law: Sendable, Hashable {
    /// A word for tables: "places". Laws of several kinds may share a word, never two laws of one kind.
    public let name: String
    /// The law as a sentence about the component.
    public let statement: String

    init(_ name: String, _ statement: String) {
        self.name = name
        self.statement = statement
    }

    /// The laws of a kind: those of every component first, then its own.
    public static func laws(of kind: ComponentKind) -> [Law] {
        let own: [Law] =
            switch kind {
            case .locator: [.models, .places, .repeats]
            case .patcher: [.models, .fits, .repeats, .nothing]
            case .evaluator: [.models, .ownCases, .repeats, .split, .order]
            case .annotator: [.marks, .repeats, .independence]
            case .judge: [.finite, .repeats, .independence]
            case .estimator: [.finite, .repeats, .blocks]
            }
        return [.description, .parameters, .answers] + own
    }

    // MARK: Every component

    static let description = Law(
        "description", "Its id, version and summary are well formed, and the same each time they are asked for.")
    static let parameters = Law(
        "parameters", "Its parameters have names, help, ranges and defaults that make sense, the same each time.")
    static let answers = Law("answers", "It answers every call, without an error.")
    static let repeats = Law("repeats", "Asked the same thing twice, it gives the same answer.")

    // MARK: Some kinds

    static let models = Law("models", "It leaves every weight of the models as it was.")
    static let places = Law("places", "Its locations are at places that the model and the cases have.")
    static let fits = Law("fits", "Its changes are of weights that the model has, fit their shapes and are finite.")
    static let nothing = Law("nothing", "Without cases it changes nothing.")
    static let ownCases = Law("own-cases", "Its scores are of the cases that it was asked about.")
    static let split = Law("split", "Its scores do not depend on how the cases are split into calls.")
    static let order = Law("order", "Its figures do not depend on the order of the scores.")
    static let marks = Law("marks", "Its marks are inside the text, keep characters whole, and do not overlap.")
    static let finite = Law("finite", "The numbers that it answers are finite.")
    static let blocks = Law("blocks", "The influence of an example does not depend on the block that it comes in.")
    static let independence = Law(
        "independence", "What it says of a text does not depend on the other texts of the call.")
}

/// What became of one law.
public struct LawResult: Sendable, Hashable, Codable {
    /// Whether a component keeps a law.
    public enum Outcome: String, Sendable, Codable {
        /// Nothing broke it.
        case kept
        /// Something broke it.
        case broken
        /// There was nothing to check it on.
        case notApplicable = "not applicable"
    }

    /// ``Law/name``
    public let law: String
    /// ``Law/statement``
    public let statement: String
    /// Whether the component keeps it.
    public let outcome: Outcome
    /// What breaks it, or why it does not apply; empty where it is kept.
    public let sentences: [String]

    /// The result of one law.
    ///
    /// - Parameter sentences: what breaks it, or why it does not apply.
    public init(_ law: Law, _ outcome: Outcome, _ sentences: [String] = []) {
        self.law = law.name
        statement = law.statement
        self.outcome = outcome
        self.sentences = sentences
    }
}
