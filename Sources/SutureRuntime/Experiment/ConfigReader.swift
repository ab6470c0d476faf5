// SPDX-License-Identifier: Apache-2.0

/// Reads the keys of one section by their types. Every failure names place, key path and value.
struct ConfigReader {
    let entries: [ConfigNode.Entry]
    let place: ConfigNode.Place
    /// "model"; empty at the top.
    let path: String
    let kind: RuntimeError.Kind

    /// - Parameter keys: all keys that the section may have; nil where any may come.
    init(
        _ node: ConfigNode, path: String, keys: [String]?, kind: RuntimeError.Kind = .usage
    ) throws(RuntimeError) {
        guard case .mapping(let entries) = node.content else {
            let name = path.isEmpty ? "the file" : path
            throw RuntimeError(
                kind, "\(node.place): \(name) must be a section of keys and values, got \(node.phrase)",
                hint: keys.map { "its keys are \($0.joined(separator: ", "))" } ?? "")
        }
        self.entries = entries
        self.path = path
        self.kind = kind
        place = node.place
        if let keys {
            for entry in entries where !keys.contains(entry.key) {
                throw Self.unknown(entry.key, in: path, known: keys, at: entry.place, kind: kind)
            }
        }
    }

    /// The sentence for a key that does not exist.
    static func unknown(
        _ key: String, in path: String, known: [String], at place: ConfigNode.Place, kind: RuntimeError.Kind = .usage
    ) -> RuntimeError {
        let section = path.isEmpty ? "" : " in \(path)"
        let meant = NearestName.of(key, in: known)
        return RuntimeError(
            kind, "\(place): unknown key '\(key)'\(section)",
            hint: meant.map { "did you mean '\($0)'?" } ?? "the keys are \(known.joined(separator: ", "))")
    }

    /// "model.dtype"
    func name(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The value of a key; nil where it is missing or null.
    subscript(_ key: String) -> ConfigNode? {
        guard let node = entries.first(where: { $0.key == key })?.value, !node.isNull else { return nil }
        return node
    }

    func required(_ key: String) throws(RuntimeError) -> ConfigNode {
        guard let node = self[key] else {
            throw RuntimeError(kind, "\(place): \(name(key)) is missing", hint: "add it")
        }
        return node
    }

    func mustBe(_ what: String, _ key: String, _ node: ConfigNode, hint: String = "") -> RuntimeError {
        RuntimeError(kind, "\(node.place): \(name(key)) must be \(what), got \(node.phrase)", hint: hint)
    }

    // MARK: Types

    func text(_ key: String) throws(RuntimeError) -> String? {
        guard let node = self[key] else { return nil }
        guard let text = node.text, !text.isEmpty else { throw mustBe("a text", key, node) }
        return text
    }

    func requiredText(_ key: String) throws(RuntimeError) -> String {
        _ = try required(key)
        return try text(key) ?? ""
    }

    func integer(_ key: String, atLeast minimum: Int = .min, atMost maximum: Int = .max) throws(RuntimeError) -> Int? {
        guard let node = self[key] else { return nil }
        guard let value = node.integer else { throw mustBe("a whole number", key, node) }
        guard value >= minimum else { throw mustBe(">= \(minimum)", key, node) }
        guard value <= maximum else { throw mustBe("<= \(maximum)", key, node) }
        return value
    }

    /// A finite number.
    func number(
        _ key: String, above minimum: Double, atMost maximum: Double = .infinity
    ) throws(RuntimeError) -> Double? {
        guard let node = self[key] else { return nil }
        guard let value = node.number, value.isFinite else { throw mustBe("a number", key, node) }
        guard value > minimum else { throw mustBe("> \(minimum.short)", key, node) }
        guard value <= maximum else { throw mustBe("<= \(maximum.short)", key, node) }
        return value
    }

    func choice(_ key: String, of choices: [String]) throws(RuntimeError) -> String? {
        guard let node = self[key] else { return nil }
        guard let text = node.text, choices.contains(text) else {
            let meant = node.text.flatMap { NearestName.of($0, in: choices) }
            throw mustBe(
                "one of \(choices.joined(separator: ", "))", key, node,
                hint: meant.map { "did you mean '\($0)'?" } ?? "")
        }
        return text
    }

    func list(_ key: String) throws(RuntimeError) -> [ConfigNode] {
        guard let node = self[key] else { return [] }
        guard case .list(let items) = node.content else { throw mustBe("a list", key, node, hint: "write [ … ]") }
        return items
    }

    func texts(_ key: String) throws(RuntimeError) -> [String] {
        var texts: [String] = []
        for item in try list(key) {
            guard let text = item.text, !text.isEmpty else { throw mustBe("a list of texts", key, item) }
            texts.append(text)
        }
        return texts
    }

    /// A section of texts by key, in order.
    func table(_ key: String) throws(RuntimeError) -> [String: String] {
        guard let node = self[key] else { return [:] }
        let reader = try ConfigReader(node, path: name(key), keys: nil, kind: kind)
        var table: [String: String] = [:]
        for entry in reader.entries { table[entry.key] = try reader.text(entry.key) ?? "" }
        return table
    }
}

extension Double {
    /// Without the fraction of a whole number: "1", "0.5".
    var short: String {
        Int(exactly: self).map(String.init) ?? description
    }
}
