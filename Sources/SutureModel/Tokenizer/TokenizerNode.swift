// SPDX-License-Identifier: Apache-2.0

/// One object of a tokenizer file with the words that name its place, for reading fields with errors that say where.
struct TokenizerNode {
    let file: String
    /// The place inside the file, such as `pre_tokenizer` or `pre_tokenizer.pretokenizers[1]`; empty at the top.
    let path: String
    let members: [JSONValue.Member]

    init(_ value: JSONValue, file: String, path: String) throws(ModelError) {
        guard case .object(let members) = value else {
            throw Self.invalid(file: file, place: path, found: value, wanted: "an object")
        }
        self.file = file
        self.path = path
        self.members = members
    }

    /// The value of a field, nil where it is missing or null.
    subscript(_ key: String) -> JSONValue? {
        guard let value = members.last(where: { $0.key == key })?.value else { return nil }
        return value.isNull ? nil : value
    }

    func required(_ key: String) throws(ModelError) -> JSONValue {
        guard let value = self[key] else {
            throw ModelError(
                .missingField,
                path.isEmpty ? "\(file) has no \"\(key)\"" : "\(file): \(path) has no \"\(key)\"",
                hint: "use the file as the `tokenizers` package writes it")
        }
        return value
    }

    func string(_ key: String) throws(ModelError) -> String {
        let value = try required(key)
        guard let string = value.text else { throw invalid(key, value, "a string") }
        return string
    }

    func optionalString(_ key: String) throws(ModelError) -> String? {
        self[key] == nil ? nil : try string(key)
    }

    /// A boolean field; `fallback` where it is missing or null, an error where there is no fallback.
    func bool(_ key: String, default fallback: Bool? = nil) throws(ModelError) -> Bool {
        if let fallback, self[key] == nil { return fallback }
        let value = try required(key)
        guard let bool = value.boolean else { throw invalid(key, value, "true or false") }
        return bool
    }

    /// A whole number from 0 to the largest id.
    func integer(_ key: String) throws(ModelError) -> Int {
        let value = try required(key)
        guard let integer = Self.identifier(value) else {
            throw invalid(key, value, "a whole number from 0 to \(TokenVocabulary.largestID)")
        }
        return integer
    }

    func array(_ key: String) throws(ModelError) -> [JSONValue] {
        let value = try required(key)
        guard case .list(let elements) = value else { throw invalid(key, value, "an array") }
        return elements
    }

    /// A string field that must be exactly one Unicode scalar.
    func scalar(_ key: String) throws(ModelError) -> UInt32 {
        let scalars = Array(try string(key).unicodeScalars)
        guard let scalar = scalars.first, scalars.count == 1 else {
            throw invalid(key, try required(key), "one character")
        }
        return scalar.value
    }

    func node(_ key: String) throws(ModelError) -> TokenizerNode {
        try TokenizerNode(try required(key), file: file, path: place(key))
    }

    /// The elements of an array field as objects.
    func nodes(_ key: String) throws(ModelError) -> [TokenizerNode] {
        var nodes: [TokenizerNode] = []
        for (index, element) in try array(key).enumerated() {
            nodes.append(try TokenizerNode(element, file: file, path: "\(place(key))[\(index)]"))
        }
        return nodes
    }

    /// Refuses fields that are not known: an option that is not understood must not be passed over.
    func allowOnly(_ keys: [String]) throws(ModelError) {
        for member in members where !keys.contains(member.key) {
            throw unsupportedOption("has the unknown field \"\(member.key)\"")
        }
    }

    func unsupportedType(_ type: String, supported: [String]) -> ModelError {
        ModelError(
            .unsupportedComponent,
            "\(file): \(path) type \"\(type)\" is not supported; supported: "
                + supported.joined(separator: ", "),
            hint: "use a model whose tokenizer is built from the supported parts")
    }

    func unsupportedOption(_ what: String) -> ModelError {
        ModelError(
            .unsupportedOption,
            path.isEmpty
                ? "\(file) \(what), which is not supported"
                : "\(file): \(path) \(what), which is not supported",
            hint: "use a model whose tokenizer does without it")
    }

    func inconsistent(_ what: String) -> ModelError {
        ModelError(
            .inconsistentVocabulary,
            path.isEmpty ? "\(file): \(what)" : "\(file): \(path): \(what)",
            hint: "save the tokenizer again with the `tokenizers` package")
    }

    func invalid(_ key: String, _ value: JSONValue, _ wanted: String) -> ModelError {
        Self.invalid(file: file, place: place(key), found: value, wanted: wanted)
    }

    func place(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    static func identifier(_ value: JSONValue) -> Int? {
        guard let number = value.integer, (0...TokenVocabulary.largestID).contains(number) else { return nil }
        return number
    }

    private static func invalid(
        file: String, place: String, found: JSONValue, wanted: String
    ) -> ModelError {
        let found =
            switch found {
            case .text(let text): "the string \"\(text.prefix(60))\""
            case .number(let digits): "the number \(digits)"
            case .list: "an array"
            default: found.phrase
            }
        let subject = place.isEmpty ? file : "\(file): \(place)"
        return ModelError(
            .invalidField, "\(subject) is \(found), but must be \(wanted)",
            hint: "use the file as the `tokenizers` package writes it")
    }
}
