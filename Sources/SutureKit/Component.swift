// SPDX-License-Identifier: Apache-2.0

/// What the host shows of a component before it runs.
public struct ComponentDescriptor: Sendable, Hashable {
    /// As in the experiment file: "memit".
    public var id: String
    /// Of the component, as its author counts.
    public var version: String
    /// One line.
    public var summary: String
    /// Fields that every case must have. Checked before the model is loaded.
    public var requires: EditCase.Fields

    /// Describes a component.
    public init(id: String, version: String = "1.0.0", summary: String, requires: EditCase.Fields = []) {
        self.id = id
        self.version = version
        self.summary = summary
        self.requires = requires
    }
}

/// What all kinds of component have in common. A component conforms to the protocol of its kind: ``Locator``, ``Patcher``,
/// ``Evaluator`` or ``Annotator``. Settings are ``Parameter`` properties; an instance is made for a run, receives its
/// settings, and is then called, never twice at once.
public protocol Component {
    /// What the host shows of it.
    static var descriptor: ComponentDescriptor { get }
    /// Given by the protocol of the kind.
    static var kind: ComponentKind { get }
    /// An instance with the default settings.
    init()
    /// Checks settings against each other. Called once, before the model is loaded.
    func validate() throws
    /// Performs an operation of its kind, and hands the results to the session. Given by the protocol of the kind.
    func perform(_ call: ComponentCall, in session: Session) throws
}

extension Component {
    /// Accepts every setting.
    public func validate() throws {}
}
