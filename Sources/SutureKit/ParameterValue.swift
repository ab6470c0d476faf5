// SPDX-License-Identifier: Apache-2.0

// The Swift types of parameters, and how they cross the boundary.

extension Int: ParameterValue {
    /// ``ParameterDeclaration/Kind/integer``
    public static var parameterKind: ParameterDeclaration.Kind { .integer }
    /// 0.
    public static var placeholder: Int { 0 }
    /// The number in digits.
    public var json: String? { String(self) }
    /// The value of a whole number; nil for another kind of argument.
    public init?(_ argument: Argument) {
        guard case .integer(let value) = argument else { return nil }
        self = value
    }
}

extension Double: ParameterValue {
    /// ``ParameterDeclaration/Kind/number``
    public static var parameterKind: ParameterDeclaration.Kind { .number }
    /// 0.
    public static var placeholder: Double { 0 }
    /// The number in the fewest digits that give it back; nil where it is not finite.
    public var json: String? { isFinite ? String(self) : nil }
    /// The value of a number; nil for another kind of argument.
    public init?(_ argument: Argument) {
        guard case .number(let value) = argument else { return nil }
        self = value
    }
}

extension Bool: ParameterValue {
    /// ``ParameterDeclaration/Kind/boolean``
    public static var parameterKind: ParameterDeclaration.Kind { .boolean }
    /// False.
    public static var placeholder: Bool { false }
    /// "true" or "false".
    public var json: String? { self ? "true" : "false" }
    /// The value of a truth value; nil for another kind of argument.
    public init?(_ argument: Argument) {
        guard case .boolean(let value) = argument else { return nil }
        self = value
    }
}

extension String: ParameterValue {
    /// ``ParameterDeclaration/Kind/text``
    public static var parameterKind: ParameterDeclaration.Kind { .text }
    /// The empty text.
    public static var placeholder: String { "" }
    /// The text in quotes.
    public var json: String? { jsonQuoted(self) }
    /// The value of a text; nil for another kind of argument.
    public init?(_ argument: Argument) {
        guard case .text(let value) = argument else { return nil }
        self = value
    }
}

extension FilePath: ParameterValue {
    /// ``ParameterDeclaration/Kind/path``
    public static var parameterKind: ParameterDeclaration.Kind { .path }
    /// The empty path.
    public static var placeholder: FilePath { FilePath("") }
    /// The path in quotes.
    public var json: String? { jsonQuoted(path) }
    /// The file of a path; nil for another kind of argument.
    public init?(_ argument: Argument) {
        guard let path = String(argument) else { return nil }
        self.init(path)
    }
}

/// Another component that the experiment file names as a setting; for the calls of ``Session``.
public struct ComponentReference: Sendable, Hashable {
    /// The name of the parameter.
    public var slot: String
    /// The component that fills a parameter.
    public init(slot: String) { self.slot = slot }
}

/// ``ComponentReference``, or an optional one.
public protocol ComponentParameterValue: ParameterValue {}

extension ComponentReference: ComponentParameterValue {
    /// ``ParameterDeclaration/Kind/component``
    public static var parameterKind: ParameterDeclaration.Kind { .component }
    /// A reference that no setting has.
    public static var placeholder: ComponentReference { ComponentReference(slot: "") }
    /// Nil: a component has no default.
    public var json: String? { nil }
    /// The component of a setting; nil for another kind of argument.
    public init?(_ argument: Argument) {
        guard case .component(let slot) = argument else { return nil }
        self.init(slot: slot)
    }
}

extension Optional: ComponentParameterValue where Wrapped: ComponentParameterValue {}

extension Array: ParameterValue where Element: ParameterListElement {
    /// The kind of a list of these elements.
    public static var parameterKind: ParameterDeclaration.Kind { Element.listKind }
    /// The texts that an element may have; empty: any.
    public static var parameterChoices: [String] { Element.elementChoices }
    /// The unit of an element.
    public static var parameterUnit: String { Element.elementUnit }
    /// The empty list.
    public static var placeholder: [Element] { [] }
    /// The elements in brackets.
    public var json: String? { "[" + map(\.elementJSON).joined(separator: ", ") + "]" }
    /// The elements of a list; nil where one of them is of another kind.
    public init?(_ argument: Argument) {
        guard let values = Element.list(argument) else { return nil }
        self = values
    }
}

/// An element of a list parameter.
public protocol ParameterListElement: Sendable {
    /// The texts that an element may have; empty: any.
    static var elementChoices: [String] { get }
    /// The unit of a list that declares none; empty: none.
    static var elementUnit: String { get }
    /// The kind that a list of these elements has.
    static var listKind: ParameterDeclaration.Kind { get }
    /// The element as JSON.
    var elementJSON: String { get }
    /// The elements of an argument; nil where it is no list of them.
    static func list(_ argument: Argument) -> [Self]?
}

extension ParameterListElement {
    /// Any text.
    public static var elementChoices: [String] { [] }
    /// None.
    public static var elementUnit: String { "" }
}

extension Int: ParameterListElement {
    /// ``ParameterDeclaration/Kind/integers``
    public static var listKind: ParameterDeclaration.Kind { .integers }
    /// The number in digits.
    public var elementJSON: String { String(self) }
    /// The elements of a list of whole numbers; nil for another kind of argument.
    public static func list(_ argument: Argument) -> [Int]? {
        if case .integers(let values) = argument { values } else { nil }
    }
}

extension Double: ParameterListElement {
    /// ``ParameterDeclaration/Kind/numbers``
    public static var listKind: ParameterDeclaration.Kind { .numbers }
    /// The number in digits.
    public var elementJSON: String { String(self) }
    /// The elements of a list of numbers; nil for another kind of argument.
    public static func list(_ argument: Argument) -> [Double]? {
        if case .numbers(let values) = argument { values } else { nil }
    }
}

extension String: ParameterListElement {
    /// ``ParameterDeclaration/Kind/texts``
    public static var listKind: ParameterDeclaration.Kind { .texts }
    /// The text in quotes.
    public var elementJSON: String { jsonQuoted(self) }
    /// The elements of a list of texts; nil for another kind of argument.
    public static func list(_ argument: Argument) -> [String]? {
        if case .texts(let values) = argument { values } else { nil }
    }
}

extension [String]: ParameterListElement {
    /// ``ParameterDeclaration/Kind/textGroups``
    public static var listKind: ParameterDeclaration.Kind { .textGroups }
    /// The texts in brackets.
    public var elementJSON: String { json ?? "[]" }
    /// The elements of a list of lists of texts; nil for another kind of argument.
    public static func list(_ argument: Argument) -> [[String]]? {
        if case .textGroups(let groups) = argument { groups } else { nil }
    }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
    /// The kind of the value that may be missing.
    public static var parameterKind: ParameterDeclaration.Kind { Wrapped.parameterKind }
    /// A value that may be null.
    public static var isOptionalParameter: Bool { true }
    /// The texts that the value may have; empty: any.
    public static var parameterChoices: [String] { Wrapped.parameterChoices }
    /// The unit of the value that may be missing.
    public static var parameterUnit: String { Wrapped.parameterUnit }
    /// Nil.
    public static var placeholder: Wrapped? { nil }
    /// The value as JSON; nil where it is missing.
    public var json: String? { self?.json }
    /// The value of an argument, missing where the argument is absent; nil for another kind of argument.
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
