// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// A record of a dataset, read field by field with sentences that name file, case and field.
struct CaseRecord {
    /// The dataset's own name of the case, or its position where it has none.
    let id: String
    /// The place of the whole record in the file, from 0.
    let position: Int
    private let value: JSONValue
    private let file: String
    /// "requested_rewrite."; empty at the top.
    private let prefix: String

    init(_ value: JSONValue, file: String, position: Int) {
        self.value = value
        self.file = file
        self.position = position
        prefix = ""
        switch value["case_id"] ?? value["id"] {
        case .number(let digits)?: id = digits
        case .text(let text)? where !text.isEmpty: id = text
        default: id = "#\(position)"
        }
    }

    private init(_ value: JSONValue, of record: CaseRecord, prefix: String) {
        self.value = value
        id = record.id
        position = record.position
        file = record.file
        self.prefix = prefix
    }

    /// A sentence about this case.
    func error(_ what: String, hint: String = "") -> RuntimeError {
        RuntimeError(.file, "case \(id) of '\(file)' \(what)", hint: hint)
    }

    /// Whether a field is there and not null.
    func has(_ key: String) -> Bool { value[key].map { !$0.isNull } ?? false }

    /// A field that holds further fields.
    func object(_ key: String) throws(RuntimeError) -> CaseRecord {
        guard case .object = value else { throw error("is not a record but \(value.phrase)") }
        guard let inner = value[key], !inner.isNull else { throw error("has no '\(prefix)\(key)'") }
        guard case .object = inner else { throw error("has \(inner.phrase) for '\(prefix)\(key)' instead of a record") }
        return CaseRecord(inner, of: self, prefix: "\(prefix)\(key).")
    }

    /// A list of records; empty where it is missing.
    func records(_ key: String) throws(RuntimeError) -> [CaseRecord] {
        try list(key).enumerated().map { (index, item) throws(RuntimeError) in
            guard case .object = item else {
                throw error("has \(item.phrase) at '\(prefix)\(key)[\(index)]' instead of a record")
            }
            return CaseRecord(item, of: self, prefix: "\(prefix)\(key)[\(index)].")
        }
    }

    /// A list of anything; empty where it is missing.
    func list(_ key: String) throws(RuntimeError) -> [JSONValue] {
        guard let inner = value[key], !inner.isNull else { return [] }
        guard case .list(let items) = inner else {
            throw error("has \(inner.phrase) for '\(prefix)\(key)' instead of a list")
        }
        return items
    }

    /// A text that may be missing or empty.
    func anyText(_ key: String) throws(RuntimeError) -> String {
        guard let inner = value[key], !inner.isNull else { return "" }
        guard let text = inner.text else { throw error("has \(inner.phrase) for '\(prefix)\(key)' instead of a text") }
        try checkCharacters(text, key)
        return text
    }

    /// A neighbour's subject, and its template as ``template(_:subject:takesFirst:)``.
    func neighbor(target: String) throws(RuntimeError) -> Neighbor {
        let subject = try nonEmptyText("subject")
        return Neighbor(
            prompt: try template("prompt", subject: subject, takesFirst: true), subject: subject, target: target)
    }

    /// A text that must be there and hold more than white space.
    func nonEmptyText(_ key: String) throws(RuntimeError) -> String {
        guard let inner = value[key], !inner.isNull else { throw error("has no '\(prefix)\(key)'") }
        guard let text = inner.text else { throw error("has \(inner.phrase) for '\(prefix)\(key)' instead of a text") }
        guard text.contains(where: { !$0.isWhitespace }) else { throw error("has an empty '\(prefix)\(key)'") }
        try checkCharacters(text, key)
        return text
    }

    /// A list of texts; empty where it is missing.
    func texts(_ key: String) throws(RuntimeError) -> [String] {
        guard let inner = value[key], !inner.isNull else { return [] }
        guard case .list(let items) = inner else {
            throw error("has \(inner.phrase) for '\(prefix)\(key)' instead of a list of texts")
        }
        var texts: [String] = []
        for (index, item) in items.enumerated() {
            guard let text = item.text, !text.isEmpty else {
                throw error("has \(item.phrase) at '\(prefix)\(key)[\(index)]' instead of a text")
            }
            try checkCharacters(text, key)
            texts.append(text)
        }
        return texts
    }

    /// `{"str": "Paris"}`, or the text itself; without leading spaces.
    func target(_ key: String, isRequired: Bool) throws(RuntimeError) -> String {
        guard let inner = value[key], !inner.isNull else {
            if !isRequired { return "" }
            throw error("has no '\(prefix)\(key)'")
        }
        let text =
            if case .object = inner { try object(key).nonEmptyText("str") } else { try nonEmptyText(key) }
        return String(text.drop { $0 == " " })
    }

    /// A prompt with one `{}`. A prompt that names the subject once becomes one.
    ///
    /// - Parameters:
    ///   - role: what the subject is, for the sentences.
    ///   - takesFirst: whether a subject that is named several times has its slot at the first place.
    func template(
        _ key: String, subject: String, as role: String = "subject", takesFirst: Bool = false
    ) throws(RuntimeError) -> String {
        let text = try nonEmptyText(key)
        switch occurrences(of: "{}", in: text).count {
        case 1: return text
        case 0: break
        case let count:
            throw error(
                "has \(count) '{}' in '\(prefix)\(key)': \"\(text)\"", hint: "keep the one that stands for the \(role)")
        }
        let places = occurrences(of: subject, in: text)
        guard let place = places.first else {
            throw error(
                "has the \(role) \"\(subject)\" which is not in its '\(prefix)\(key)': \"\(text)\"",
                hint: "write {} where the \(role) belongs")
        }
        guard places.count == 1 || takesFirst else {
            throw error(
                "has the \(role) \"\(subject)\" \(places.count) times in its '\(prefix)\(key)': \"\(text)\"",
                hint: "write {} at the one that is meant")
        }
        let bytes = Array(text.utf8)
        return String(decoding: bytes[..<place], as: UTF8.self) + "{}"
            + String(decoding: bytes[(place + subject.utf8.count)...], as: UTF8.self)
    }

    /// Texts cross the plugin boundary as C strings.
    private func checkCharacters(_ text: String, _ key: String) throws(RuntimeError) {
        guard !text.utf8.contains(0) else { throw error("has a NUL character in '\(prefix)\(key)'") }
    }

    /// The byte offsets at which a text occurs in another, without overlaps. They are compared scalar by scalar, as a
    /// tokenizer sees them.
    private func occurrences(of needle: String, in text: String) -> [Int] {
        let needle = Array(needle.utf8)
        let bytes = Array(text.utf8)
        var places: [Int] = []
        var position = 0
        while position + needle.count <= bytes.count {
            if bytes[position..<position + needle.count].elementsEqual(needle) {
                places.append(position)
                position += needle.count
            } else {
                position += 1
            }
        }
        return places
    }
}
