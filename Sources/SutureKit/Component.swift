// SPDX-License-Identifier: Apache-2.0

/// What the host shows of a component before it runs.
public struct ComponentDescriptor: Sendable, Hashable {
    /// The name that an experiment file uses, such as "memit".
    public var id: String
    /// The version of the component, as its author counts.
    public var version: String
    /// A description of one line.
    public var summary: String
    /// The fields that every case must have. The host checks them before the model is loaded.
    public var requires: EditCase.Fields

    /// Describes a component.
    public init(id: String, version: String = "1.0.0", summary: String, requires: EditCase.Fields = []) {
        self.id = id
        self.version = version
        self.summary = summary
        self.requires = requires
    }
}

/// What all kinds of component have in common. A component conforms to the protocol of its kind: ``Locator``,
/// ``Patcher``, ``Evaluator``, ``Annotator``, ``Judge`` or ``Estimator``. Its settings are ``Parameter`` properties. The host makes an
/// instance for a run, gives it its settings, and then calls it. It never makes two calls to one instance at once.
public protocol Component {
    /// What the host shows of the component before it runs.
    static var descriptor: ComponentDescriptor { get }
    /// The kind of the component. The protocol of the kind provides it.
    static var kind: ComponentKind { get }
    /// Makes an instance with the default settings.
    init()
    /// Checks the settings against each other. The host calls it once, before the model is loaded.
    func validate() throws
    /// Performs an operation of the kind and hands the results to the session. The protocol of the kind provides it.
    func perform(_ call: ComponentCall, in session: Session) throws
}

extension Component {
    /// Accepts every setting.
    public func validate() throws {}
}
