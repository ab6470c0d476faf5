// SPDX-License-Identifier: Apache-2.0

/// One object of a tokenizer file with the words that name its place, for reading fields with errors that say where.
struct TokenizerNode {
    let file: String
    /// The place inside the file, such as `pre_tokenizer` or `pre_tokenizer.pretokenizers[1]`; empty at the top.
    let path: String
    let members: [(key: String, value: TokenizerJSON)]

    init(_ value: TokenizerJSON, file: String, path: String) throws(TokenizerError) {
        guard case .object(let members) = value else {
            throw Self.invalid(file: file, place: path, found: value, wanted: "an object")
        }
        self.file = file
        self.path = path
        self.members = members
    }

    /// The value of a field, nil where it is missing or null.
    subscript(_ key: String) -> TokenizerJSON? {
        guard let value = members.last(where: { $0.key == key })?.value else { return nil }
        if case .null = value { return nil }
        return value
    }

    func required(_ key: String) throws(TokenizerError) -> TokenizerJSON {
        guard let value = self[key] else {
            throw TokenizerError(
                code: .missingField,
                message: path.isEmpty ? "\(file) has no \"\(key)\"." : "\(file): \(path) has no \"\(key)\".",
                hint: "Use the file as the `tokenizers` package writes it.")
        }
        return value
    }

    func string(_ key: String) throws(TokenizerError) -> String {
        let value = try required(key)
        guard case .string(let string) = value else { throw invalid(key, value, "a string") }
        return string
    }

    func optionalString(_ key: String) throws(TokenizerError) -> String? {
        self[key] == nil ? nil : try string(key)
    }

    /// A boolean field; `fallback` where it is missing or null, an error where there is no fallback.
    func bool(_ key: String, default fallback: Bool? = nil) throws(TokenizerError) -> Bool {
        if let fallback, self[key] == nil { return fallback }
        let value = try required(key)
        guard case .bool(let bool) = value else { throw invalid(key, value, "true or false") }
        return bool
    }

    /// A whole number from 0 to the largest id.
    func integer(_ key: String) throws(TokenizerError) -> Int {
        let value = try required(key)
        guard let integer = Self.identifier(value) else {
            throw invalid(key, value, "a whole number from 0 to \(BPEVocabulary.largestID)")
        }
        return integer
    }

    func array(_ key: String) throws(TokenizerError) -> [TokenizerJSON] {
        let value = try required(key)
        guard case .array(let elements) = value else { throw invalid(key, value, "an array") }
        return elements
    }

    /// A string field that must be exactly one Unicode scalar.
    func scalar(_ key: String) throws(TokenizerError) -> UInt32 {
        let scalars = Array(try string(key).unicodeScalars)
        guard let scalar = scalars.first, scalars.count == 1 else {
            throw invalid(key, try required(key), "one character")
        }
        return scalar.value
    }

    func node(_ key: String) throws(TokenizerError) -> TokenizerNode {
        try TokenizerNode(try required(key), file: file, path: place(key))
    }

    /// The elements of an array field as objects.
    func nodes(_ key: String) throws(TokenizerError) -> [TokenizerNode] {
        var nodes: [TokenizerNode] = []
        for (index, element) in try array(key).enumerated() {
            nodes.append(try TokenizerNode(element, file: file, path: "\(place(key))[\(index)]"))
        }
        return nodes
    }

    /// Refuses fields that are not known: an option that is not understood must not be passed over.
    func allowOnly(_ keys: [String]) throws(TokenizerError) {
        for member in members where !keys.contains(member.key) {
            throw unsupportedOption("has the unknown field \"\(member.key)\"")
        }
    }

    func unsupportedType(_ type: String, supported: [String]) -> TokenizerError {
        TokenizerError(
            code: .unsupportedComponent,
            message: "\(file): \(path) type \"\(type)\" is not supported; supported: "
                + supported.joined(separator: ", ") + ".",
            hint: "Use a model whose tokenizer is built from the supported parts.")
    }

    func unsupportedOption(_ what: String) -> TokenizerError {
        TokenizerError(
            code: .unsupportedOption,
            message: path.isEmpty
                ? "\(file) \(what), which is not supported."
                : "\(file): \(path) \(what), which is not supported.",
            hint: "Use a model whose tokenizer does without it.")
    }

    func inconsistent(_ what: String) -> TokenizerError {
        TokenizerError(
            code: .inconsistentVocabulary,
            message: path.isEmpty ? "\(file): \(what)." : "\(file): \(path): \(what).",
            hint: "Save the tokenizer again with the `tokenizers` package.")
    }

    func invalid(_ key: String, _ value: TokenizerJSON, _ wanted: String) -> TokenizerError {
        Self.invalid(file: file, place: place(key), found: value, wanted: wanted)
    }

    func place(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    static func identifier(_ value: TokenizerJSON) -> Int? {
        guard case .number(let number) = value, number >= 0, number <= Double(BPEVocabulary.largestID),
            number.rounded() == number
        else { return nil }
        return Int(number)
    }

    private static func invalid(
        file: String, place: String, found: TokenizerJSON, wanted: String
    ) -> TokenizerError {
        let found =
            switch found {
            case .string(let text): "the string \"\(text.prefix(60))\""
            case .number(let number): "the number \(Int(exactly: number).map(String.init) ?? String(number))"
            case .bool(let bool): "\(bool)"
            default: found.kind
            }
        let subject = place.isEmpty ? file : "\(file): \(place)"
        return TokenizerError(
            code: .invalidField, message: "\(subject) is \(found), but must be \(wanted).",
            hint: "Use the file as the `tokenizers` package writes it.")
    }
}
