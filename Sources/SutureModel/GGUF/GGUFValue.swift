// SPDX-License-Identifier: Apache-2.0

/// A value of the metadata of a GGUF file.
package enum GGUFValue: Sendable, Hashable {
    /// Of any width. Numbers beyond `Int.max` are real.
    case integer(Int)
    case real(Double)
    /// Of single precision, which is kept to be written with its own digits.
    case single(Float)
    case boolean(Bool)
    case text(String)
    case list([GGUFValue])

    package var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    package var integer: Int? {
        guard case .integer(let value) = self else { return nil }
        return value
    }

    package var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .real(let value): value
        case .single(let value): Double(value)
        case .boolean, .text, .list: nil
        }
    }

    package var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    package var list: [GGUFValue]? {
        guard case .list(let values) = self else { return nil }
        return values
    }

    /// As a JSON value; a number in single precision with the fewest digits that give it again.
    var json: JSONValue {
        switch self {
        case .integer(let value): .integer(value)
        case .real(let value): .real(value)
        case .single(let value): value.isFinite ? .number(value.description) : .real(Double(value))
        case .boolean(let value): .boolean(value)
        case .text(let text): .text(text)
        case .list(let values): .list(values.map(\.json))
        }
    }

    /// What kind of value it is, for sentences.
    var phrase: String {
        switch self {
        case .integer(let value): "the number \(value)"
        case .real(let value): "the number \(value)"
        case .single(let value): "the number \(value)"
        case .boolean(let value): "\(value)"
        case .text(let text): "\"\(text.prefix(80))\""
        case .list(let values): "a list of \(values.count)"
        }
    }
}
