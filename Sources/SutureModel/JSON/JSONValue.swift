// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A JSON value that keeps object keys in order, texts scalar for scalar, and numbers as they were written.
///
/// Foundation's reader does not serve here. It reports no place, it turns numbers into objects that do not know whether
/// they are whole, and its dictionaries take "é" and "e\u{301}" for the same key, which loses vocabulary entries.
package enum JSONValue: Sendable, Hashable {
    case null
    case boolean(Bool)
    /// The digits as they are in the text.
    case number(String)
    case text(String)
    case list([JSONValue])
    case object([Member])

    /// One key of an object with its value.
    package struct Member: Sendable, Hashable {
        package var key: String
        package var value: JSONValue

        package init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// Reads a whole text (RFC 8259).
    ///
    /// - Parameter name: what the text is called in sentences: a path, or "line 3 of 'cases.jsonl'".
    /// - Throws: `malformedJSON`, with line and column.
    package init(_ data: Data, name: String) throws(ModelError) {
        let outcome: Result<JSONValue, ModelError> = data.withUnsafeBytes { bytes in
            do throws(JSONFault) {
                return .success(try JSONReader.read(bytes))
            } catch {
                return .failure(error.error(name: name, in: bytes))
            }
        }
        self = try outcome.get()
    }

    /// Reads a whole text that is in memory.
    package init(_ text: String, name: String) throws(ModelError) {
        try self.init(Data(text.utf8), name: name)
    }

    /// The value of the member of that name; nil where there is none or this is not an object. Where a key is there
    /// twice, the last one counts, as in other readers.
    package subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    package var text: String? {
        guard case .text(let text) = self else { return nil }
        return text
    }

    package var number: Double? {
        guard case .number(let digits) = self else { return nil }
        return Double(digits)
    }

    /// A number without a fraction: `25`, `25.0`, `1e3`. Nil where it exceeds 64 bits.
    package var integer: Int? {
        guard case .number(let digits) = self else { return nil }
        return Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) }
    }

    package var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    package var isNull: Bool { self == .null }

    /// The value for sentences: `5`, `"Paris"`, "a list".
    package var phrase: String {
        switch self {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .number(let digits): digits
        case .text(let text): "\"\(text.count > 60 ? text.prefix(60) + "…" : text)\""
        case .list: "a list"
        case .object: "an object"
        }
    }
}
