// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// A record of a dataset, read field by field with sentences that name file, case and field.
struct CaseRecord {
    /// The dataset's own name of the case, or its position where it has none.
    let id: String
    /// The place of the whole record in the file, from 0.
    let position: Int
    /// Why it is no record at all; nil where it is one.
    let problem: RuntimeError?
    private let value: JSONValue
    private let file: String
    /// "requested_rewrite."; empty at the top.
    private let prefix: String
    /// The same without places in lists: "neighborhood_samples.".
    private let kindOfPrefix: String
    private let log: ReadingLog

    /// - Parameter log: hears of what is put right.
    init(_ value: JSONValue, file: String, position: Int, problem: RuntimeError?, log: ReadingLog) {
        self.problem = problem
        self.value = value
        self.file = file
        self.position = position
        self.log = log
        (prefix, kindOfPrefix) = ("", "")
        switch value["case_id"] ?? value["id"] {
        case .number(let digits)?: id = digits
        case .text(let text)? where !text.isEmpty: id = text
        default: id = "#\(position)"
        }
    }

    /// - Parameters:
    ///   - key: of the record.
    ///   - index: the place in its list; nil where it is no list.
    private init(_ value: JSONValue, of record: CaseRecord, at key: String, index: Int? = nil) {
        self.value = value
        id = record.id
        position = record.position
        file = record.file
        problem = nil
        log = record.log
        prefix = record.prefix + key + (index.map { "[\($0)]" } ?? "") + "."
        kindOfPrefix = "\(record.kindOfPrefix)\(key)."
    }

    /// A sentence about this case.
    func error(_ what: String, hint: String = "") -> RuntimeError {
        RuntimeError(.file, "case \(id) of '\(file)' \(what)", hint: hint)
    }

    /// A field as it is in the file; nil where there is none.
    subscript(_ key: String) -> JSONValue? { value[key] }

    /// The keys of a field that holds further fields, in their order; nil where it holds something else.
    func members(_ key: String) -> [String]? {
        guard case .object(let members)? = value[key] else { return nil }
        return members.map(\.key)
    }

    /// Whether a field is there and not null.
    func has(_ key: String) -> Bool { value[key].map { !$0.isNull } ?? false }

    /// A field that holds further fields.
    func object(_ key: String) throws(RuntimeError) -> CaseRecord {
        guard case .object = value else { throw error("is not a record but \(value.phrase)") }
        guard let inner = value[key], !inner.isNull else { throw error("has no '\(prefix)\(key)'") }
        guard case .object = inner else { throw error("has \(inner.phrase) for '\(prefix)\(key)' instead of a record") }
        return CaseRecord(inner, of: self, at: key)
    }

    /// A list of records; empty where it is missing.
    func records(_ key: String) throws(RuntimeError) -> [CaseRecord] {
        try list(key).enumerated().map { (index, item) throws(RuntimeError) in
            guard case .object = item else {
                throw error("has \(item.phrase) at '\(prefix)\(key)[\(index)]' instead of a record")
            }
            return CaseRecord(item, of: self, at: key, index: index)
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
        let subject = try name("subject")
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

    /// A subject or another name, which must be there, without white space at its ends.
    func name(_ key: String) throws(RuntimeError) -> String {
        trimmedName(try nonEmptyText(key), key)
    }

    /// A name that was read from a field, without white space at its ends.
    func trimmedName(_ text: String, _ key: String) -> String { trimmed(text, key, \.properties.isWhitespace) }

    /// The same for a text that has not been looked at yet.
    func checkedName(_ text: String, _ key: String) throws(RuntimeError) -> String {
        try checkCharacters(text, key)
        return trimmedName(text, key)
    }

    /// A prompt that must be there, without blanks at its ends: what follows it brings its own. Line feeds stay.
    func prompt(_ key: String) throws(RuntimeError) -> String {
        trimmed(try nonEmptyText(key), key, CaseRecord.isBlank)
    }

    /// A list of finished prompts, without blanks at their ends; empty where it is missing.
    ///
    /// - Parameter hasSubject: whether the record has a subject, which someone may expect to be filled in here.
    func prompts(_ key: String, hasSubject: Bool = true) throws(RuntimeError) -> [String] {
        try texts(key).map { text in
            if hasSubject, text.contains("{}") { log.noteOpenSlot(key, in: position) }
            return trimmed(text, key, CaseRecord.isBlank)
        }
    }

    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar.properties.generalCategory == .spaceSeparator
    }

    /// A text without some scalars at its ends, of which the log hears.
    private func trimmed(_ text: String, _ key: String, _ isCut: (Unicode.Scalar) -> Bool) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isCut($0) }), let last = scalars.lastIndex(where: { !isCut($0) })
        else { return text }
        guard first > scalars.startIndex || scalars.index(after: last) < scalars.endIndex else { return text }
        log.noteTrimmed(kindOfPrefix + key, in: position)
        return String(scalars[first...last])
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

    /// `{"str": "Paris"}`, or the text itself, without white space at its ends.
    ///
    /// - Parameter isRequired: otherwise one that is empty is as one that is missing, an empty text.
    func target(_ key: String, isRequired: Bool) throws(RuntimeError) -> String {
        guard let inner = value[key], !inner.isNull else {
            if !isRequired { return "" }
            throw error("has no '\(prefix)\(key)'")
        }
        let isObject = if case .object = inner { true } else { false }
        let (record, key) = try isObject ? (object(key), "str") : (self, key)
        return try isRequired || !record.isEmpty(key) ? record.name(key) : ""
    }

    /// Whether a field is null, or a text of white space alone.
    func isEmpty(_ key: String) -> Bool {
        guard let inner = value[key] else { return false }
        return inner.isNull || inner.text?.allSatisfy(\.isWhitespace) ?? false
    }

    /// A prompt with one `{}`, the subject's slot; `{{` and `}}` are literal braces. A prompt that names the subject once becomes
    /// one.
    ///
    /// - Parameters:
    ///   - role: what the subject is, for the sentences.
    ///   - takesFirst: whether a subject that is named several times has its slot at the first place.
    ///   - mayRepeat: whether the subject may be named beside its slot. Otherwise nobody knows which of the two is meant.
    func template(
        _ key: String, subject: String, as role: String = "subject", takesFirst: Bool = false, mayRepeat: Bool = false
    ) throws(RuntimeError) -> String {
        let written = try prompt(key)
        let escape = "write {{}} for braces that are meant as they are"
        switch Template.slotCount(of: written) {
        case 1:
            let parts = Template.parts(of: written).map { [$0.prefix, $0.suffix] } ?? []
            let isNamed =
                parts.contains { $0.mentions(subject) }
                || subject.contains("{}") && TextSearch.contains(subject, in: written)
            guard isNamed, !mayRepeat else { return written }
            throw error(
                "has both '{}' and the \(role) \"\(subject)\" in '\(prefix)\(key)', so the place of the \(role) is not "
                    + "clear: \"\(written)\"", hint: "\(escape), and name the \(role) once")
        case 0: break
        case let count:
            throw error(
                "has \(count) '{}' in '\(prefix)\(key)': \"\(written)\"",
                hint: "keep the one that stands for the \(role), and \(escape)")
        }
        let text = Template.literal(written)
        let places = TextSearch.places(of: subject, in: text)
        guard let place = places.first else {
            throw error(
                "has the \(role) \"\(subject)\" which is not in its '\(prefix)\(key)': \"\(text)\"",
                hint: "write {} where the \(role) belongs")
        }
        guard places.count == 1 || takesFirst else {
            throw error(
                "has the \(role) \"\(subject)\" \(places.count) times in its '\(prefix)\(key)': \"\(text)\"",
                hint: "name it once")
        }
        let bytes = Array(text.utf8)
        return Template.make(
            String(decoding: bytes[..<place], as: UTF8.self),
            String(decoding: bytes[(place + subject.utf8.count)...], as: UTF8.self))
    }

    /// Texts cross the plugin boundary as C strings.
    private func checkCharacters(_ text: String, _ key: String) throws(RuntimeError) {
        guard !text.utf8.contains(0) else { throw error("has a NUL character in '\(prefix)\(key)'") }
    }
}
