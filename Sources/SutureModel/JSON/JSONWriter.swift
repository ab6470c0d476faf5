// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// A whole number.
    package static func integer(_ value: Int) -> JSONValue { .number(String(value)) }

    /// A number. What JSON cannot express is a text, one of the words of ``NonFinite``.
    package static func real(_ value: Double) -> JSONValue {
        NonFinite.word(value).map { .text($0) } ?? .number(value.description)
    }

    /// A list of texts.
    package static func texts(_ texts: [String]) -> JSONValue { .list(texts.map { .text($0) }) }

    /// An object with its members in the given order.
    package static func record(_ members: [(key: String, value: JSONValue)]) -> JSONValue {
        .object(members.map { Member(key: $0.key, value: $0.value) })
    }

    /// The value as text, keys in the order of the value, so that equal values give equal bytes.
    ///
    /// - Parameters:
    ///   - levels: how many outer levels are spread over lines, one element or member each; the rest is on one line.
    ///   - isCompact: leaves out the spaces after commas and colons.
    package func written(levels: Int = 0, isCompact: Bool = false) -> String {
        var out = ""
        write(to: &out, levels: levels, indent: "", isCompact: isCompact)
        return out
    }

    private func write(to out: inout String, levels: Int, indent: String, isCompact: Bool) {
        switch self {
        case .null: out += "null"
        case .boolean(let value): out += value ? "true" : "false"
        case .number(let digits): out += digits
        case .text(let text): JSONValue.quote(text, to: &out)
        case .list(let items):
            JSONValue.write(items, "[", "]", to: &out, levels: levels, indent: indent, isCompact: isCompact) {
                $1.write(to: &$0, levels: levels - 1, indent: $2, isCompact: isCompact)
            }
        case .object(let members):
            JSONValue.write(members, "{", "}", to: &out, levels: levels, indent: indent, isCompact: isCompact) {
                JSONValue.quote($1.key, to: &$0)
                $0 += isCompact ? ":" : ": "
                $1.value.write(to: &$0, levels: levels - 1, indent: $2, isCompact: isCompact)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], _ open: String, _ close: String, to out: inout String, levels: Int, indent: String,
        isCompact: Bool, _ body: (inout String, Element, String) -> Void
    ) {
        let isSpread = levels > 0 && !elements.isEmpty
        let inner = isSpread ? indent + "  " : indent
        out += open
        for (index, element) in elements.enumerated() {
            if index > 0 { out += isSpread || isCompact ? "," : ", " }
            if isSpread { out += "\n" + inner }
            body(&out, element, inner)
        }
        if isSpread { out += "\n" + indent }
        out += close
    }

    /// Appends a text in quotes. Escapes what JSON requires and nothing else, scalar for scalar.
    private static func quote(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\u{8}": out += "\\b"
            case "\u{c}": out += "\\f"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\0"..<" ":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}
