// SPDX-License-Identifier: Apache-2.0

import SutureModel

/// What a field of a record must hold for the record to become a case; an entry of `dataset.where`.
package struct RecordCondition: Sendable, Hashable {
    package enum Wanted: Sendable, Hashable {
        case number(Double)
        case text(String)
        case boolean(Bool)
        /// Both ends included; infinite where the file leaves one open.
        case range(from: Double, to: Double)
        /// Any one of them.
        case texts([String])
    }

    /// The keys that lead to the field, from the outermost.
    package var path: [String]
    package var wanted: Wanted

    package init(path: [String], _ wanted: Wanted) {
        self.path = path
        self.wanted = wanted
    }

    /// "requested_rewrite.relation_id"
    var name: String { path.joined(separator: ".") }

    /// The field of a record; nil where it has none.
    func value(in record: JSONValue) -> JSONValue? {
        var value: JSONValue? = record
        for key in path { value = value?[key] }
        return value
    }

    /// Whether a record has the field and what is wanted in it.
    func holds(for record: JSONValue) -> Bool {
        guard let value = value(in: record) else { return false }
        switch wanted {
        case .number(let wanted): return value.number == wanted
        case .text(let wanted): return value.text == wanted
        case .boolean(let wanted): return value.boolean == wanted
        case .range(let from, let to): return value.number.map { from <= $0 && $0 <= to } ?? false
        case .texts(let wanted): return value.text.map(wanted.contains) ?? false
        }
    }

    /// "wrong_tokens of 1 to 3", for sentences.
    var phrase: String {
        switch wanted {
        case .number(let number): "\(name) of \(number.short)"
        case .text(let text): "\(name) of \"\(text)\""
        case .boolean(let value): "\(name) of \(value)"
        case .range(let from, .infinity): "\(name) of at least \(from.short)"
        case .range(-.infinity, let to): "\(name) of at most \(to.short)"
        case .range(let from, let to): "\(name) of \(from.short) to \(to.short)"
        case .texts(let texts): "\(name) of \(texts.map { "\"\($0)\"" }.joined(separator: " or "))"
        }
    }
}

// MARK: In experiment files

extension [RecordCondition] {
    /// Reads `{wrong_tokens: [1, 3], split: test}`. Sections nest as records do.
    ///
    /// - Parameter path: of the section, for sentences: "dataset.where".
    package init(_ node: ConfigNode, path: String, kind: RuntimeError.Kind = .usage) throws(RuntimeError) {
        self = []
        try append(node, keys: [], path: path, kind: kind)
    }

    private mutating func append(
        _ node: ConfigNode, keys: [String], path: String, kind: RuntimeError.Kind
    ) throws(RuntimeError) {
        let reader = try ConfigReader(node, path: path, keys: nil, kind: kind)
        for entry in reader.entries {
            let keys = keys + [entry.key]
            if case .mapping = entry.value.content {
                try append(entry.value, keys: keys, path: reader.name(entry.key), kind: kind)
                continue
            }
            guard let wanted = RecordCondition.Wanted(entry.value) else {
                throw reader.mustBe(
                    "a value, a range of numbers or a list of texts", entry.key, entry.value,
                    hint: "write 0, [1, 3] with both ends included, [1, null] for at least 1, or [a, b] for either")
            }
            append(RecordCondition(path: keys, wanted))
        }
    }

    /// What ``init(_:path:kind:)`` reads back; null where there is no condition.
    var value: ConfigValue {
        guard !isEmpty else { return .null }
        var members: [(String, ConfigValue)] = []
        for condition in self where !members.contains(where: { $0.0 == condition.path[0] }) {
            let same = filter { $0.path[0] == condition.path[0] }
            let inner = same.filter { $0.path.count > 1 }.map {
                RecordCondition(path: [String]($0.path.dropFirst()), $0.wanted)
            }
            members.append((condition.path[0], inner.isEmpty ? condition.wanted.value : inner.value))
        }
        return .mapping(members)
    }
}

extension RecordCondition.Wanted {
    fileprivate init?(_ node: ConfigNode) {
        switch node.content {
        case .mapping: return nil
        case .scalar:
            if let value = node.boolean {
                self = .boolean(value)
            } else if let number = node.number {
                self = .number(number)
            } else if let text = node.text {
                self = .text(text)
            } else {
                return nil
            }
        case .list(let items):
            let ends = items.map { $0.isNull ? nil : $0.number }
            if items.count == 2, zip(items, ends).allSatisfy({ $0.isNull || $1 != nil }) {
                let (from, to) = (ends[0] ?? -.infinity, ends[1] ?? .infinity)
                guard from <= to else { return nil }
                self = .range(from: from, to: to)
            } else {
                let texts = items.compactMap { $0.number == nil ? $0.text : nil }
                guard !items.isEmpty, texts.count == items.count else { return nil }
                self = .texts(texts)
            }
        }
    }

    fileprivate var value: ConfigValue {
        func number(_ value: Double) -> ConfigValue { Int(exactly: value).map { .integer($0) } ?? .number(value) }
        return switch self {
        case .number(let value): number(value)
        case .text(let text): .text(text)
        case .boolean(let value): .boolean(value)
        case .range(let from, let to): .list([number(from), number(to)])
        case .texts(let texts): .texts(texts)
        }
    }
}
