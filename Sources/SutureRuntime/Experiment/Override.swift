// SPDX-License-Identifier: Apache-2.0

/// One change of an experiment file from the command line, in Hydra's grammar.
///
/// `a.b=value` sets a key that exists; `+a.b=value` adds one that the file does not give; `++a.b=value` does either;
/// `~a.b` removes one (`~a.b=value` only where it has that value). Values: plain and quoted texts, numbers, `null`,
/// `[a, b]`, `{a: 1}`. Lists are replaced whole.
package struct Override: Sendable, Hashable {
    enum Operation: Sendable, Hashable { case set, add, force, remove }

    /// Names of a key. Components within components are the deepest that there is.
    private static let deepest = 32

    let operation: Operation
    let keys: [String]
    /// Nil for a removal without a value.
    let value: ConfigNode?
    let place: ConfigNode.Place

    /// - Throws: `usage`, naming the override, for what is not of the grammar.
    package init(_ text: String) throws(RuntimeError) {
        place = .commandLine(text)
        var rest = Substring(text)
        if rest.hasPrefix("++") {
            operation = .force
            rest = rest.dropFirst(2)
        } else if rest.hasPrefix("+") {
            operation = .add
            rest = rest.dropFirst()
        } else if rest.hasPrefix("~") {
            operation = .remove
            rest = rest.dropFirst()
        } else {
            operation = .set
        }
        let sign = rest.firstIndex(of: "=")
        let key = (sign.map { rest[..<$0] } ?? rest).trimmingSpaces
        guard sign != nil || operation == .remove else {
            throw RuntimeError(
                .usage, "\(place): an override needs a value", hint: "write key=value, or ~key to remove a key")
        }
        let keys = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard keys.allSatisfy({ !$0.isEmpty && !$0.contains(where: { " \t[]{}\"'".contains($0) }) }) else {
            throw RuntimeError(.usage, "\(place): '\(key)' is not a key", hint: "write it as in method.v_lr=0.1")
        }
        self.keys = keys
        if let sign {
            var parser = OverrideValueParser(rest[rest.index(after: sign)...], place: place)
            value = try parser.readAll()
        } else {
            value = nil
        }
    }

    /// Sets a key whether it is there or not.
    init(setting keys: [String], to value: ConfigNode) {
        operation = .force
        self.keys = keys
        self.value = value
        place = value.place
    }

    /// The overrides of a sweep, `key=a,b,c`: one for each value. Commas in brackets and quotes do not separate.
    ///
    /// - Returns: the text of each override.
    package static func sweep(_ text: String) throws(RuntimeError) -> [String] {
        guard let sign = text.firstIndex(of: "=") else { return [text] }
        var values: [String] = [""]
        var depth = 0
        var quote: Character?
        for character in text[text.index(after: sign)...] {
            switch character {
            case "'" where quote == nil, "\"" where quote == nil: quote = character
            case quote: quote = nil
            case "[" where quote == nil, "{" where quote == nil: depth += 1
            case "]" where quote == nil, "}" where quote == nil: depth -= 1
            case "," where quote == nil && depth == 0:
                values.append("")
                continue
            default: break
            }
            values[values.count - 1].append(character)
        }
        let key = text[..<sign]
        guard values.count == 1 || values.allSatisfy({ !$0.isEmpty }) else {
            throw RuntimeError(
                .usage, "command line, '\(text)': a value of the sweep is empty", hint: "write key=a,b")
        }
        return values.map { "\(key)=\($0)" }
    }

    /// Changes the tree of an experiment file.
    ///
    /// - Throws: `usage` for a key that does not exist (with the nearest that does), for `+` on one that does, and for
    ///   an index into a list.
    package func apply(to root: inout ConfigNode) throws(RuntimeError) {
        guard keys.count <= Self.deepest else {
            throw RuntimeError(
                .usage, "\(place): a key of \(keys.count) names nests too deep", hint: "write it as in method.v_lr=0.1")
        }
        if operation == .remove { return try remove(from: &root) }
        if case .set = operation { try checkKnown(in: root) }
        try set(keys[...], in: &root, schema: .root)
    }

    /// Checks that a key that is set without + is in the file, or is one that experiment files have.
    private func checkKnown(in root: ConfigNode) throws(RuntimeError) {
        var schema: ExperimentSchema? = .root
        var node: ConfigNode? = root
        for (depth, key) in keys.enumerated() {
            let path = keys[..<depth].joined(separator: ".")
            try checkNotList(node, path: path, key: key)
            let child = node?[key]
            switch schema {
            case .section(let members)?:
                guard child != nil || members.contains(where: { $0.key == key }) else {
                    throw ConfigReader.unknown(key, in: path, known: members.map(\.key), at: place)
                }
                schema = schema?[key]
            case .component?:
                // Its parameters are checked when its plugin is known.
                schema = schema?[key]
            case .table?: break
            case .value?, nil:
                guard child != nil else {
                    throw RuntimeError(
                        .usage, "\(place): '\(path)' has no keys of its own", hint: "write \(path)=value")
                }
            }
            node = child
        }
    }

    private func checkNotList(_ node: ConfigNode?, path: String, key: String) throws(RuntimeError) {
        let isIndex = Int(key) != nil
        if case .list? = node?.content {
            throw RuntimeError(
                .usage, "\(place): '\(path)' is a list, and lists are replaced whole",
                hint: "write \(path)=[a,b,…] with all of its elements")
        }
        if isIndex, path != "" {
            throw RuntimeError(
                .usage, "\(place): '\(key)' would be an index of a list, and lists are replaced whole",
                hint: "write \(path)=[a,b,…] with all of its elements")
        }
    }

    private func set(
        _ keys: ArraySlice<String>, in node: inout ConfigNode, schema: ExperimentSchema?
    ) throws(RuntimeError) {
        guard let key = keys.first, let value else { return }
        let path = self.keys[..<keys.startIndex].joined(separator: ".")
        try checkNotList(node, path: path, key: key)
        var entries: [ConfigNode.Entry]
        switch node.content {
        case .mapping(let existing): entries = existing
        case .scalar where node.isNull: entries = []
        case .scalar:
            guard case .component? = schema else {
                throw RuntimeError(.usage, "\(place): '\(path)' has no keys of its own", hint: "write \(path)=value")
            }
            // `method: memit` is short for `method: {name: memit}`.
            entries = [ConfigNode.Entry(key: "name", place: node.place, value: node)]
        case .list: return
        }
        let index = entries.firstIndex { $0.key == key }
        if keys.count == 1 {
            if let index {
                guard operation != .add else {
                    throw RuntimeError(
                        .usage, "\(place): the file already has the key '\(self.keys.joined(separator: "."))'",
                        hint: "leave out the + to change it, or write ++ to set it either way")
                }
                entries[index].value = value
                entries[index].place = place
            } else {
                entries.append(ConfigNode.Entry(key: key, place: place, value: value))
            }
        } else {
            let position = index ?? entries.count
            if index == nil {
                let empty = ConfigNode(.mapping([]), at: place)
                entries.append(ConfigNode.Entry(key: key, place: place, value: empty))
            }
            try set(keys.dropFirst(), in: &entries[position].value, schema: schema?[key])
        }
        node.content = .mapping(entries)
    }

    private func remove(from root: inout ConfigNode) throws(RuntimeError) {
        func removed(_ keys: ArraySlice<String>, from node: ConfigNode) throws(RuntimeError) -> ConfigNode {
            let path = self.keys[..<keys.startIndex].joined(separator: ".")
            guard let key = keys.first else { return node }
            try checkNotList(node, path: path, key: key)
            guard case .mapping(var entries) = node.content, let index = entries.firstIndex(where: { $0.key == key })
            else {
                var known: [String] = []
                if case .mapping(let entries) = node.content { known = entries.map(\.key) }
                let meant = NearestName.of(key, in: known)
                throw RuntimeError(
                    .usage, "\(place): the file has no key '\(self.keys.joined(separator: "."))' to remove",
                    hint: meant.map { "did you mean '\($0)'?" } ?? "")
            }
            if keys.count > 1 {
                entries[index].value = try removed(keys.dropFirst(), from: entries[index].value)
            } else {
                if let value, !value.isSame(as: entries[index].value) {
                    throw RuntimeError(
                        .usage,
                        "\(place): '\(self.keys.joined(separator: "."))' is \(entries[index].value.phrase), not "
                            + value.phrase,
                        hint: "leave out the value to remove the key whatever it holds")
                }
                entries.remove(at: index)
            }
            var node = node
            node.content = .mapping(entries)
            return node
        }
        root = try removed(keys[...], from: root)
    }
}

extension ConfigNode {
    /// Whether the values are equal, wherever they were written.
    fileprivate func isSame(as other: ConfigNode) -> Bool {
        switch (content, other.content) {
        case (.scalar, .scalar):
            if isNull || other.isNull { return isNull && other.isNull }
            return text == other.text || (number != nil && number == other.number)
        case (.list(let a), .list(let b)):
            return a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
        case (.mapping(let a), .mapping(let b)):
            return a.count == b.count && a.allSatisfy { entry in other[entry.key]?.isSame(as: entry.value) ?? false }
        default: return false
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var trimmed = self
        while let first = trimmed.first, first == " " || first == "\t" { trimmed.removeFirst() }
        while let last = trimmed.last, last == " " || last == "\t" { trimmed.removeLast() }
        return trimmed
    }
}

/// Reads the value of an override.
private struct OverrideValueParser {
    private var rest: Substring
    private let place: ConfigNode.Place

    init(_ text: Substring, place: ConfigNode.Place) {
        rest = text
        self.place = place
    }

    mutating func readAll() throws(RuntimeError) -> ConfigNode {
        skipSpaces()
        // `key=` is the empty text.
        guard !rest.isEmpty else { return ConfigNode(.scalar("", isQuoted: true), at: place) }
        let value = try readValue(closers: "", depth: 0)
        skipSpaces()
        if rest.first == "," {
            throw RuntimeError(
                .usage, "\(place): several values separated by commas are a sweep, and a run has one value",
                hint: "write [a,b] for a list, or quote a text that has a comma: 'key=\"a,b\"'")
        }
        guard rest.isEmpty else { throw syntax("'\(rest)' is left over after the value") }
        return value
    }

    private mutating func readValue(closers: String, depth: Int) throws(RuntimeError) -> ConfigNode {
        guard depth < 32 else { throw syntax("the value nests too deep") }
        skipSpaces()
        switch rest.first {
        case "[": return try readList(depth: depth)
        case "{": return try readMapping(depth: depth)
        case "'", "\"": return try readQuoted()
        default: return try readPlain(closers: closers)
        }
    }

    private mutating func readList(depth: Int) throws(RuntimeError) -> ConfigNode {
        rest.removeFirst()
        var items: [ConfigNode] = []
        skipSpaces()
        if take("]") { return ConfigNode(.list(items), at: place) }
        while true {
            items.append(try readValue(closers: "]", depth: depth + 1))
            skipSpaces()
            if take("]") { return ConfigNode(.list(items), at: place) }
            guard take(",") else { throw syntax("a list is not closed by ']'") }
        }
    }

    private mutating func readMapping(depth: Int) throws(RuntimeError) -> ConfigNode {
        rest.removeFirst()
        var entries: [ConfigNode.Entry] = []
        skipSpaces()
        if take("}") { return ConfigNode(.mapping(entries), at: place) }
        while true {
            skipSpaces()
            let keyNode =
                rest.first == "'" || rest.first == "\"" ? try readQuoted() : try readPlain(closers: ":}")
            guard case .scalar(let key, _) = keyNode.content, !key.isEmpty else { throw syntax("a key is missing") }
            skipSpaces()
            guard take(":") else { throw syntax("there is no ':' after the key '\(key)'") }
            guard !entries.contains(where: { $0.key == key }) else { throw syntax("the key '\(key)' is given twice") }
            let value = try readValue(closers: "}", depth: depth + 1)
            entries.append(ConfigNode.Entry(key: key, place: place, value: value))
            skipSpaces()
            if take("}") { return ConfigNode(.mapping(entries), at: place) }
            guard take(",") else { throw syntax("a section is not closed by '}'") }
        }
    }

    /// Between quotes only the quote itself and backslashes before it are escaped.
    private mutating func readQuoted() throws(RuntimeError) -> ConfigNode {
        let quote = rest.removeFirst()
        var text = ""
        while let character = rest.popFirst() {
            if character == quote { return ConfigNode(.scalar(text, isQuoted: true), at: place) }
            if character == "\\", let next = rest.first, next == quote || next == "\\" {
                text.append(next)
                rest.removeFirst()
            } else {
                text.append(character)
            }
        }
        throw syntax("a quoted text is not closed by \(quote)")
    }

    private mutating func readPlain(closers: String) throws(RuntimeError) -> ConfigNode {
        var text = ""
        while let character = rest.first, character != ",", !closers.contains(character) {
            rest.removeFirst()
            if character == "\\", let next = rest.first {
                text.append(next)
                rest.removeFirst()
            } else {
                text.append(character)
            }
        }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        if text.contains("${") {
            throw syntax("interpolations such as ${…} are not resolved here")
        }
        let functions = ["choice", "range", "interval", "glob", "shuffle", "sort", "tag"]
        if let open = text.firstIndex(of: "("), text.hasSuffix(")"), functions.contains(String(text[..<open])) {
            throw RuntimeError(
                .usage, "\(place): '\(text)' is a sweep, and a run has one value", hint: "give one value")
        }
        guard !text.isEmpty else { throw syntax("a value is missing") }
        return ConfigNode(.scalar(text, isQuoted: false), at: place)
    }

    private mutating func skipSpaces() {
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
    }

    private mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    private func syntax(_ what: String) -> RuntimeError {
        RuntimeError(.usage, "\(place): \(what)", hint: "quote texts that hold , [ ] { } or quotes")
    }
}
