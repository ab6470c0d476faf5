// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A component as its plugin describes it, with no plugin loaded: found once in a child process, then a plain value.
public struct ComponentDescription: Sendable, Hashable, Codable {
    /// As in the experiment file: "memit".
    public var id: String
    /// What the component is asked to do.
    public var kind: ComponentKind
    /// The component's own version; empty where it has none.
    public var version: String
    /// One sentence for people.
    public var summary: String
    /// The fields that every case must have.
    public var requires: EditCase.Fields
    /// In declaration order, which is the order of the arguments.
    public var parameters: [ParameterDeclaration]
    /// Called through libffi, not by the boxed convention.
    public var isNative: Bool
    /// As the plugin names itself: "suture.memit".
    public var pluginID: String
    /// The version of the plugin.
    public var pluginVersion: String
    /// The absolute path of the shared library.
    public var file: String
    /// SHA-256 of the shared library, lower-case hexadecimal.
    public var digest: String

    /// A description of these values, as a scan made it.
    public init(
        id: String, kind: ComponentKind, version: String, summary: String, requires: EditCase.Fields,
        parameters: [ParameterDeclaration], isNative: Bool, pluginID: String, pluginVersion: String, file: String,
        digest: String
    ) {
        self.id = id
        self.kind = kind
        self.version = version
        self.summary = summary
        self.requires = requires
        self.parameters = parameters
        self.isNative = isNative
        self.pluginID = pluginID
        self.pluginVersion = pluginVersion
        self.file = file
        self.digest = digest
    }
}

/// A checked value for one declared parameter.
public enum ArgumentValue: Sendable, Hashable, Codable {
    /// Null was given or is the default (optional parameters only).
    case null
    /// A whole number.
    case integer(Int)
    /// A number.
    case number(Double)
    /// True or false.
    case boolean(Bool)
    /// Also the absolute path of a `path` parameter.
    case text(String)
    /// A list of whole numbers.
    case integers([Int])
    /// A list of numbers.
    case numbers([Double])
    /// A list of texts.
    case texts([String])
    /// A list of lists of texts.
    case textGroups([[String]])
    /// Another component with its own settings.
    case component(ResolvedComponent)

    /// Null, 0, false or empty.
    public var isNothing: Bool {
        switch self {
        case .null: true
        case .integer(let value): value == 0
        case .number(let value): value == 0
        case .boolean(let value): !value
        case .text(let value): value.isEmpty
        case .integers(let values): values.isEmpty
        case .numbers(let values): values.isEmpty
        case .texts(let values): values.isEmpty
        case .textGroups(let groups): groups.isEmpty
        case .component: false
        }
    }
}
