// SPDX-License-Identifier: Apache-2.0

/// A value of an experiment file, untyped, with the place where it was written.
///
/// The file is read into these and then decoded by what each key asks for. So `5e-1` is a number where a number is
/// asked for, and `on` is a text everywhere: no value has a type of its own.
package struct ConfigNode: Sendable, Hashable {
    package enum Content: Sendable, Hashable {
        /// A plain or quoted scalar. A quoted one is a text and nothing else.
        case scalar(String, isQuoted: Bool)
        case list([ConfigNode])
        /// The keys are distinct and in the order of the file.
        case mapping([Entry])
    }

    /// A key and its value.
    package struct Entry: Sendable, Hashable {
        package var key: String
        /// Where the key was written.
        package var place: Place
        package var value: ConfigNode

        package init(key: String, place: Place, value: ConfigNode) {
            self.key = key
            self.place = place
            self.value = value
        }
    }

    /// Where a value was written.
    package enum Place: Sendable, Hashable, CustomStringConvertible {
        /// Line and column count from 1.
        case file(String, line: Int, column: Int)
        /// The override as it was given.
        case commandLine(String)
        /// A value that the program made: a declared default, or a value from a caller.
        case inside(String)

        /// The user wrote it with the command, so that it is no stranger's.
        package var isCommandLine: Bool {
            guard case .commandLine = self else { return false }
            return true
        }

        /// "quickstart.yaml:6:30", as compilers write it.
        package var description: String {
            switch self {
            case .file(let name, let line, let column): "\(name):\(line):\(column)"
            case .commandLine(let text): "command line, '\(text)'"
            case .inside(let what): what
            }
        }
    }

    package var content: Content
    package var place: Place

    package init(_ content: Content, at place: Place) {
        self.content = content
        self.place = place
    }

    /// A plain null, `~`, or nothing at all.
    package var isNull: Bool {
        guard case .scalar(let text, isQuoted: false) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// The value of a key; nil where this is not a mapping or has no such key.
    package subscript(_ key: String) -> ConfigNode? {
        guard case .mapping(let entries) = content else { return nil }
        return entries.first { $0.key == key }?.value
    }

    /// The characters of a scalar that is not null, whatever they look like.
    package var text: String? {
        guard case .scalar(let text, _) = content, !isNull else { return nil }
        return text
    }

    /// A plain `true` or `false`. `on`, `yes` and the like are texts.
    package var boolean: Bool? {
        guard case .scalar(let text, isQuoted: false) = content else { return nil }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// A plain decimal number: `5e-1`, `1e-3`, `.5`, `10.`, also `.inf` and `.nan`.
    package var number: Double? {
        guard case .scalar(let text, isQuoted: false) = content else { return nil }
        if let special = Self.specialNumbers[text] { return special }
        return Self.isDecimal(text) ? Double(text) ?? Double(text + "0") ?? Self.lenientDouble(text) : nil
    }

    /// A plain number without a fraction: `25`, `25.0`, `1e3`. Nil where it exceeds 64 bits.
    package var integer: Int? {
        guard case .scalar(let text, isQuoted: false) = content, Self.isDecimal(text) else { return nil }
        return Int(text) ?? number.flatMap { Int(exactly: $0) }
    }

    private static let specialNumbers: [String: Double] = [
        ".inf": .infinity, "+.inf": .infinity, "-.inf": -.infinity, ".nan": .nan,
    ]

    /// Sign, digits with at most one point, exponent. `007` is refused: some readers take it for octal.
    private static func isDecimal(_ text: String) -> Bool {
        var rest = Substring(text)
        if let sign = rest.first, sign == "-" || sign == "+" { rest.removeFirst() }
        func digits() -> Substring {
            let found = rest.prefix { $0.isASCII && $0.isNumber }
            rest.removeFirst(found.count)
            return found
        }
        let whole = digits()
        var fraction: Substring = ""
        if rest.first == "." {
            rest.removeFirst()
            fraction = digits()
        }
        guard !(whole.isEmpty && fraction.isEmpty), whole.count < 2 || whole.first != "0" else { return false }
        if let letter = rest.first, letter == "e" || letter == "E" {
            rest.removeFirst()
            if let sign = rest.first, sign == "-" || sign == "+" { rest.removeFirst() }
            guard !digits().isEmpty else { return false }
        }
        return rest.isEmpty
    }

    /// `1.e5` and `.5`, which the standard library's parser may not take.
    private static func lenientDouble(_ text: String) -> Double? {
        Double(text.replacing(".e", with: ".0e").replacing(".E", with: ".0e"))
    }

    /// The value for sentences: `-1`, `"many"`, `a list of 3`.
    var phrase: String {
        switch content {
        case .scalar(let text, let isQuoted):
            if isNull { return "null" }
            let isPlain = !isQuoted && (number != nil || boolean != nil)
            return isPlain ? text : "\"\(text.count > 60 ? text.prefix(60) + "…" : text)\""
        case .list(let items): return items.isEmpty ? "an empty list" : "a list of \(items.count)"
        case .mapping(let entries):
            return entries.isEmpty ? "an empty section" : "a section (\(entries[0].key): …)"
        }
    }
}
