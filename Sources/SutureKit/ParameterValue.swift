// SPDX-License-Identifier: Apache-2.0

import CSuture

// The Swift types of parameters, and how they cross the boundary.

extension Int: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .integer }
    public static var placeholder: Int { 0 }
    public var json: String? { String(self) }
    public init?(_ argument: UnsafePointer<suture_argument>) {
        guard argument.pointee.is_present != 0 else { return nil }
        self = Int(argument.pointee.integer)
    }
}

extension Double: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .number }
    public static var placeholder: Double { 0 }
    public var json: String? { isFinite ? String(self) : nil }
    public init?(_ argument: UnsafePointer<suture_argument>) {
        guard argument.pointee.is_present != 0 else { return nil }
        self = argument.pointee.number
    }
}

extension Bool: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .boolean }
    public static var placeholder: Bool { false }
    public var json: String? { self ? "true" : "false" }
    public init?(_ argument: UnsafePointer<suture_argument>) {
        guard argument.pointee.is_present != 0 else { return nil }
        self = argument.pointee.integer != 0
    }
}

extension String: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .text }
    public static var placeholder: String { "" }
    public var json: String? { jsonQuoted(self) }
    public init?(_ argument: UnsafePointer<suture_argument>) {
        guard argument.pointee.is_present != 0, let text = argument.pointee.text else { return nil }
        self = String(cString: text)
    }
}

extension FilePath: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { .path }
    public static var placeholder: FilePath { FilePath("") }
    public var json: String? { jsonQuoted(path) }
    public init?(_ argument: UnsafePointer<suture_argument>) {
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
    public init?(_ argument: UnsafePointer<suture_argument>) {
        guard let slot = String(argument) else { return nil }
        self.init(slot: slot)
    }
}

extension Optional: ComponentParameterValue where Wrapped: ComponentParameterValue {}

extension Array: ParameterValue where Element: ParameterListElement {
    public static var parameterKind: ParameterDeclaration.Kind { Element.listKind }
    public static var parameterChoices: [String] { Element.elementChoices }
    public static var placeholder: [Element] { [] }
    public var json: String? { "[" + map(\.elementJSON).joined(separator: ", ") + "]" }
    public init?(_ argument: UnsafePointer<suture_argument>) {
        guard argument.pointee.is_present != 0, let values = Element.list(argument) else { return nil }
        self = values
    }
}

/// An element of a list parameter.
public protocol ParameterListElement: Sendable {
    /// The texts that an element may have; empty: any.
    static var elementChoices: [String] { get }
    static var listKind: ParameterDeclaration.Kind { get }
    var elementJSON: String { get }
    static func list(_ argument: UnsafePointer<suture_argument>) -> [Self]?
}

extension ParameterListElement {
    public static var elementChoices: [String] { [] }
}

extension Int: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .integers }
    public var elementJSON: String { String(self) }
    public static func list(_ argument: UnsafePointer<suture_argument>) -> [Int]? {
        UnsafeBufferPointer(start: argument.pointee.integers, count: Int(argument.pointee.count)).map { Int($0) }
    }
}

extension Double: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .numbers }
    public var elementJSON: String { String(self) }
    public static func list(_ argument: UnsafePointer<suture_argument>) -> [Double]? {
        Array(UnsafeBufferPointer(start: argument.pointee.numbers, count: Int(argument.pointee.count)))
    }
}

extension String: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .texts }
    public var elementJSON: String { jsonQuoted(self) }
    public static func list(_ argument: UnsafePointer<suture_argument>) -> [String]? {
        strings(argument.pointee.texts, argument.pointee.count)
    }
}

extension [String]: ParameterListElement {
    public static var listKind: ParameterDeclaration.Kind { .textGroups }
    public var elementJSON: String { json ?? "[]" }
    public static func list(_ argument: UnsafePointer<suture_argument>) -> [[String]]? {
        let texts = strings(argument.pointee.texts, argument.pointee.count)
        let sizes = UnsafeBufferPointer(start: argument.pointee.group_sizes, count: Int(argument.pointee.group_count))
        guard sizes.reduce(0, +) == texts.count else { return nil }
        var start = 0
        return sizes.map { size in
            defer { start += Int(size) }
            return Array(texts[start..<start + Int(size)])
        }
    }
}

extension Optional: ParameterValue where Wrapped: ParameterValue {
    public static var parameterKind: ParameterDeclaration.Kind { Wrapped.parameterKind }
    public static var isOptionalParameter: Bool { true }
    public static var parameterChoices: [String] { Wrapped.parameterChoices }
    public static var placeholder: Wrapped? { nil }
    public var json: String? { self?.json }
    public init?(_ argument: UnsafePointer<suture_argument>) {
        guard argument.pointee.is_present != 0 else {
            self = .none
            return
        }
        guard let value = Wrapped(argument) else { return nil }
        self = .some(value)
    }
}

/// Texts of a counted C array.
package func strings(_ start: UnsafePointer<UnsafePointer<CChar>>?, _ count: Int64) -> [String] {
    UnsafeBufferPointer(start: start, count: start == nil ? 0 : Int(count)).map { String(cString: $0) }
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
