// SPDX-License-Identifier: Apache-2.0

/// A JSON value that is written with its keys in the given order, so that the same content is always the same bytes.
indirect enum JSONText: Sendable {
    case string(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case null
    case array([JSONText])
    case object([(String, JSONText)])

    /// The value on one line.
    var line: String {
        switch self {
        case .string(let text): Self.quoted(text)
        case .integer(let value): String(value)
        case .number(let value): String(value)
        case .boolean(let value): value ? "true" : "false"
        case .null: "null"
        case .array(let values): "[" + values.map(\.line).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0) + ": " + $1.line }.joined(separator: ", ") + "}"
        }
    }

    /// The value with its outer `depth` levels spread over lines, one element or member each.
    func spread(depth: Int, indent: String = "") -> String {
        let inner = indent + "  "
        switch self {
        case .array(let values) where depth > 0 && !values.isEmpty:
            let lines = values.map { inner + $0.spread(depth: depth - 1, indent: inner) }
            return "[\n" + lines.joined(separator: ",\n") + "\n\(indent)]"
        case .object(let members) where depth > 0 && !members.isEmpty:
            let lines = members.map { inner + Self.quoted($0) + ": " + $1.spread(depth: depth - 1, indent: inner) }
            return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
        default:
            return line
        }
    }

    /// A list of strings.
    static func strings(_ texts: [String]) -> JSONText { .array(texts.map(JSONText.string)) }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
