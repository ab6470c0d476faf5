// SPDX-License-Identifier: Apache-2.0

extension JinjaValue {
    /// Python's `str(value)`, which is what `{{ value }}` prints.
    var printed: String {
        switch self {
        case .undefined: ""
        case .text(let text): text
        default: represented
        }
    }

    /// Python's `repr(value)`.
    private var represented: String {
        switch self {
        case .undefined: "Undefined"
        case .none: "None"
        case .boolean(let value): value ? "True" : "False"
        case .integer(let value): String(value)
        case .number(let value): value.isNaN ? "nan" : String(describing: value)
        case .text(let text): Self.quoted(text)
        case .list(let items): "[" + items.map(\.represented).joined(separator: ", ") + "]"
        case .tuple(let items):
            "(" + items.map(\.represented).joined(separator: ", ") + (items.count == 1 ? ",)" : ")")
        case .mapping(let members):
            "{" + members.map { Self.quoted($0.key) + ": " + $0.value.represented }.joined(separator: ", ") + "}"
        case .namespace: "<Namespace>"
        case .callable(let callable): "<function \(callable.name)>"
        }
    }

    private static func quoted(_ text: String) -> String {
        let quote: Unicode.Scalar =
            text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
        var result = String(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\": result += "\\" + String(scalar)
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    result += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + String(quote)
    }

    /// Python's `json.dumps(value, ensure_ascii=False, indent=indent)`, as transformers has it for chat templates.
    func json(indent: Int? = nil, sortsKeys: Bool = false, depth: Int = 0) throws(Fault) -> String {
        switch self {
        case .none: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .integer(let value): return String(value)
        case .number(let value):
            return value.isNaN
                ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : String(describing: value)
        case .text(let text): return Self.jsonText(text)
        case .list(let items), .tuple(let items):
            var parts: [String] = []
            for item in items { parts.append(try item.json(indent: indent, sortsKeys: sortsKeys, depth: depth + 1)) }
            return Self.bracketed("[", parts, "]", indent, depth)
        case .mapping(let members):
            var parts: [String] = []
            let ordered =
                sortsKeys
                ? members.sorted { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) } : members
            for member in ordered {
                let value = try member.value.json(indent: indent, sortsKeys: sortsKeys, depth: depth + 1)
                parts.append(Self.jsonText(member.key) + ": " + value)
            }
            return Self.bracketed("{", parts, "}", indent, depth)
        case .undefined, .namespace, .callable: throw Fault("\(kind) cannot be written as JSON")
        }
    }

    private static func bracketed(
        _ open: String, _ parts: [String], _ close: String, _ indent: Int?, _ depth: Int
    ) -> String {
        guard let indent, !parts.isEmpty else { return open + parts.joined(separator: ", ") + close }
        let inner = "\n" + String(repeating: " ", count: indent * (depth + 1))
        let outer = "\n" + String(repeating: " ", count: indent * depth)
        return open + inner + parts.joined(separator: "," + inner) + outer + close
    }

    private static func jsonText(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            default:
                if scalar.value < 0x20 {
                    let digits = String(scalar.value, radix: 16)
                    result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
