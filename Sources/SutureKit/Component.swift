// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What kind of method a component is. The raw value is the ABI's number.
public enum ComponentKind: Int32, Sendable, Hashable, Codable, CaseIterable {
    case locator = 1
    case patcher, evaluator, annotator

    /// "locator", for sentences and `--json`.
    public var name: String {
        switch self {
        case .locator: "locator"
        case .patcher: "patcher"
        case .evaluator: "evaluator"
        case .annotator: "annotator"
        }
    }

    /// "a locator", for sentences.
    public var phrase: String { "\(self == .evaluator || self == .annotator ? "an" : "a") \(name)" }
}

/// What the host shows of a component before it runs.
public struct ComponentDescriptor: Sendable, Hashable {
    /// As in the experiment file: "memit".
    public var id: String
    public var version: String
    /// One line.
    public var summary: String
    /// Fields that every case must have. Checked before the model is loaded.
    public var requires: EditCase.Fields

    public init(id: String, version: String = "1.0.0", summary: String, requires: EditCase.Fields = []) {
        self.id = id
        self.version = version
        self.summary = summary
        self.requires = requires
    }
}

/// What all kinds of component have in common. Settings are ``Parameter`` properties; an instance is made for a
/// run, receives its settings, and is then called, never twice at once.
public protocol Component {
    static var descriptor: ComponentDescriptor { get }
    init()
    /// Checks settings against each other. Called once, before the model is loaded.
    func validate() throws
}

extension Component {
    public func validate() throws {}
}

/// Answers "where does this behaviour live?".
public protocol Locator: Component {
    /// Measures, and marks the locations at which a patcher shall write as selected.
    func locate(_ cases: [EditCase], in session: Session) throws -> [Location]
}

/// Answers "what has to change?". Never writes a weight: the host applies and checks what it returns.
public protocol Patcher: Component {
    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch
}

/// Answers "how good is it?".
///
/// The host calls ``evaluate(_:in:)`` with some of the cases at a time, before and after the edit, and ``summarize(_:)`` once
/// per stage with the scores of all of them. So an interrupted run resumes where it stopped.
public protocol Evaluator: Component {
    /// Measures ``Session/model`` on these cases. Without cases: what concerns the run as a whole (a text file, say).
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score]
    /// Turns all scores of a stage into figures.
    func summarize(_ scores: [Score]) throws -> [Metric]
}

/// Answers "what is unwanted in this text?". Used by methods and evaluators that take one as a setting.
public protocol Annotator: Component {
    /// The unwanted parts of each text, as ranges of bytes of its UTF-8 that do not overlap.
    ///
    /// - Parameter texts: what followed a prompt. Their own marks are those of the data set, where it has some.
    func annotate(_ texts: [MarkedText], in session: Session) throws -> [[Range<Int>]]
}
