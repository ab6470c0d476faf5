// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Swift values as JSON, with the same settings everywhere.
///
/// Keys are sorted, so that equal values give equal bytes. Numbers that JSON cannot express are texts, in both
/// directions: the words of ``NonFinite``.
package enum JSON {
    /// How a text is laid out.
    package enum Layout: Sendable {
        /// On one line.
        case line
        /// Indented, one member a line.
        case page
    }

    /// Writes a value, without a line feed at the end.
    ///
    /// - Throws: `invalidContent` where the value refuses to be written.
    package static func encode(_ value: some Encodable, layout: Layout = .line) throws(ModelError) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if layout == .page { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: NonFinite.infinity, negativeInfinity: NonFinite.minusInfinity, nan: NonFinite.nan)
        do {
            return try encoder.encode(value)
        } catch {
            throw ModelError(.invalidContent, "this cannot be written as JSON: \(error.localizedDescription)")
        }
    }

    /// Reads a value.
    ///
    /// - Parameter name: what the text is called in sentences, most often the path of its file.
    /// - Throws: `malformedJSON` with line and column, `missingField` or `invalidField` with the path of keys.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from data: Data, name: String
    ) throws(ModelError) -> Value {
        if !data.withUnsafeBytes({ JSONLimits.holds(for: $0) }) {
            _ = try JSONValue(data, name: name)
            throw ModelError(
                .invalidField, "\(name) has a number of more than \(JSONLimits.longestNumber) characters",
                hint: "take the file from its source again")
        }
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: NonFinite.infinity, negativeInfinity: NonFinite.minusInfinity, nan: NonFinite.nan)
        do {
            return try decoder.decode(type, from: data)
        } catch {
            // What is wrong with the text itself is said by the reader that knows lines and columns.
            let content = try JSONValue(data, name: name)
            throw fault(error, in: content, name: name)
        }
    }

    /// The sentence for a value that is missing or of the wrong kind.
    private static func fault(_ error: any Error, in content: JSONValue, name: String) -> ModelError {
        let hint = "take the file from its source again"
        let path: [any CodingKey]
        let what: String
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            return ModelError(.missingField, "\(name) has no '\(place(context.codingPath + [key]))'", hint: hint)
        case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
            (path, what) = (context.codingPath, " instead of \(phrase(of: type))")
        case DecodingError.dataCorrupted(let context):
            (path, what) = (context.codingPath, ", which is not allowed there")
        default: return ModelError(.invalidField, "\(name) cannot be read: \(error.localizedDescription)", hint: hint)
        }
        let found = value(at: path, in: content)?.phrase ?? "a wrong value"
        let verb = path.isEmpty ? "is \(found)" : "has \(found) for '\(place(path))'"
        return ModelError(.invalidField, "\(name) \(verb)\(what)", hint: hint)
    }

    /// "changes[0].base.norm"
    private static func place(_ path: [any CodingKey]) -> String {
        path.reduce("") { place, key in
            if let index = key.intValue { return "\(place)[\(index)]" }
            return place.isEmpty ? key.stringValue : "\(place).\(key.stringValue)"
        }
    }

    private static func value(at path: [any CodingKey], in content: JSONValue) -> JSONValue? {
        path.reduce(content) { value, key in
            guard let index = key.intValue else { return value?[key.stringValue] }
            guard case .list(let items)? = value, items.indices.contains(index) else { return nil }
            return items[index]
        }
    }

    private static func phrase(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
        }
    }
}
