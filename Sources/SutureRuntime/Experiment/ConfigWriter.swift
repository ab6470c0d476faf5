// SPDX-License-Identifier: Apache-2.0

/// A value to be written as YAML.
enum ConfigValue {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([ConfigValue])
    case mapping([(String, ConfigValue)])

    /// Null where there is no number.
    static func optional(_ value: Int?) -> ConfigValue { value.map { .integer($0) } ?? .null }
    static func texts(_ texts: [String]) -> ConfigValue { .list(texts.map { .text($0) }) }
    /// Sorted by key.
    static func table(_ table: [String: String]) -> ConfigValue {
        .mapping(table.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })
    }
}

/// Writes YAML that every reader understands in the same way. Texts are always quoted as in JSON, numbers have a point
/// and a signed exponent. Equal values give equal bytes.
package enum ConfigWriter {
    /// Blocks of `key: value`, lists in brackets.
    static func yaml(_ members: [(String, ConfigValue)]) -> String {
        var out = ""
        write(members, indent: 0, to: &out)
        return out
    }

    private static func write(_ members: [(String, ConfigValue)], indent: Int, to out: inout String) {
        let margin = String(repeating: " ", count: indent)
        for (key, value) in members {
            out += margin + quotedKey(key) + ":"
            switch value {
            case .mapping(let inner) where !inner.isEmpty:
                out += "\n"
                write(inner, indent: indent + 2, to: &out)
            case .list(let items) where items.contains(where: \.isMapping):
                out += "\n"
                for item in items {
                    guard case .mapping(let inner) = item, !inner.isEmpty else {
                        out += "\(margin)  - \(inline(item))\n"
                        continue
                    }
                    var block = ""
                    write(inner, indent: indent + 4, to: &block)
                    out += "\(margin)  - \(block.dropFirst(indent + 4))"
                }
            default: out += " \(inline(value))\n"
            }
        }
    }

    /// On one line. It is also valid JSON, except for numbers that JSON does not have.
    static func inline(_ value: ConfigValue) -> String {
        switch value {
        case .null: "null"
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .number(let value): number(value)
        case .text(let value): quoted(value)
        case .list(let items): "[\(items.map(inline).joined(separator: ", "))]"
        case .mapping(let members):
            "{\(members.map { "\(quotedKey($0.0)): \(inline($0.1))" }.joined(separator: ", "))}"
        }
    }

    /// The shortest digits that give the number back, always with a point, so that readers that know no `1e-05` take
    /// it.
    static func number(_ value: Double) -> String {
        if value.isNaN { return ".nan" }
        if value.isInfinite { return value < 0 ? "-.inf" : ".inf" }
        let text = value.description
        guard let exponent = text.firstIndex(of: "e") else { return text }
        let mantissa = text[..<exponent]
        return "\(mantissa)\(mantissa.contains(".") ? "" : ".0")\(text[exponent...])"
    }

    /// In double quotes with the escapes that YAML and JSON share, non-characters and line separators included.
    package static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case let other where needsEscape(other):
                for unit in String(other).utf16 {
                    let hex = String(unit, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    private static func needsEscape(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xfeff, 0xfffe, 0xffff: true
        // A file that is shown in a terminal does nothing to it.
        default: DisplayText.isControl(scalar)
        }
    }

    private static func quotedKey(_ key: String) -> String {
        let plain = key.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "._-/".unicodeScalars.contains($0))
        }
        return plain && key.unicodeScalars.first?.properties.isAlphabetic == true ? key : quoted(key)
    }
}

extension ConfigValue {
    fileprivate var isMapping: Bool {
        if case .mapping = self { return true }
        return false
    }
}
