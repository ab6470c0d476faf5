// SPDX-License-Identifier: Apache-2.0

// The Swift types of parameters, and how they cross the boundary.

extension Int: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .integer }
    public static var placeholder: Int { 0 }
    public var json: String? { String(self) }
    public init?(_ argument: Argument) {
        guard case .integer(let value) = argument else { return nil }
        self = value
    }
}

extension Double: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .number }
    public static var placeholder: Double { 0 }
    public var json: String? { isFinite ? String(self) : nil }
    public init?(_ argument: Argument) {
        guard case .number(let value) = argument else { return nil }
        self = value
    }
}

extension Bool: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .boolean }
    public static var placeholder: Bool { false }
    public var json: String? { self ? "true" : "false" }
    public init?(_ argument: Argument) {
        guard case .boolean(let value) = argument else { return nil }
        self = value
    }
}

extension String: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .text }
    public static var placeholder: String { "" }
    public var json: String? { jsonQuoted(self) }
    public init?(_ argument: Argument) {
        guard case .text(let value) = argument else { return nil }
        self = value
    }
}

extension FilePath: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .path }
    public static var placeholder: FilePath { FilePath("") }
    public var json: String? { jsonQuoted(path) }
    public init?(_ argument: Argument) {
        guard let path = String(argument) else { return nil }
        self.init(path)
    }
}

/// Another component that the experiment file names as a setting; for the calls of ``Session``.
public struct ComponentReference: Sendable, Hashable {
    /// The name of the parameter.
    public var slot: String
    public init(slot: String) { self.slot = slot }
}

/// ``ComponentReference``, or an optional one.
public protocol ComponentParameterValue: ParameterValue {}

extension ComponentReference: ComponentParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .component }
    public static var placeholder: ComponentReference { ComponentReference(slot: "") }
    public var json: String? { nil }
    public init?(_ argument: Argument) {
        guard case .component(let slot) = argument else { return nil }
        self.init(slot: slot)
    }
}

extension Optional: ComponentParameterValue where Wrapped: ComponentParameterValue {}

extension Array: ParameterValue where Element: ParameterListElement {
    public static var parameterKind: ParameterDeclaration.Kind { Element.listKind }
    public static var parameterChoices: [String] { Element.elementChoices }
    public static var placeholder: [Element] { [] }
    public var json: String? { "[" + map(\.elementJSON).joined(separator: ", ") + "]" }
    public init?(_ argument: Argument) {
        guard let values = Element.list(argument) else { return nil }
        self = values
    }
}

/// An element of a list parameter.
public protocol ParameterListElement: Sendable {
    /// The texts that an element may have; empty: any.
    static var elementChoices: [String] { get }
    static var listKind: ParameterDeclaration.Kind { get }
    var elementJSON: String { get }
    static func list(_ argument: Argument) -> [Self]?
}

extension ParameterListElement {
    public static var elementChoices: [String] { [] }
}

extension Int: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .integers }
    public var elementJSON: String { String(self) }
    public static func list(_ argument: Argument) -> [Int]? {
        if case .integers(let values) = argument { values } else { nil }
    }
}

extension Double: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .numbers }
    public var elementJSON: String { String(self) }
    public static func list(_ argument: Argument) -> [Double]? {
        if case .numbers(let values) = argument { values } else { nil }
    }
}

extension String: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .texts }
    public var elementJSON: String { jsonQuoted(self) }
    public static func list(_ argument: Argument) -> [String]? {
        if case .texts(let values) = argument { values } else { nil }
    }
}

extension [String]: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .textGroups }
    public var elementJSON: String { json ?? "[]" }
    public static func list(_ argument: Argument) -> [[String]]? {
        if case .textGroups(let groups) = argument { groups } else { nil }
    }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { Wrapped.parameterKind }
    public static var isOptionalParameter: Bool { true }
    public static var parameterChoices: [String] { Wrapped.parameterChoices }
    public static var placeholder: Wrapped? { nil }
    public var json: String? { self?.json }
    public init?(_ argument: Argument) {
        if case .absent = argument {
            self = .none
            return
        }
        guard let value = Wrapped(argument) else { return nil }
        self = .some(value)
    }
}

/// A text as a JSON string.
package func jsonQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case let control where control.value < 0x20:
            let hex = String(control.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
