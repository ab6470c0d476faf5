// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A JSON file of a model folder, such as config.json, read key by key with sentences for what is missing or of the wrong
/// type.
struct ConfigurationFile {
    let path: String
    private let values: JSONValue

    /// config.json of a folder.
    init(folder: URL) throws(ModelError) { try self.init(folder.appending(path: "config.json")) }

    init(_ url: URL) throws(ModelError) {
        path = url.path
        guard let data = try? Data(contentsOf: url) else {
            throw ModelError(
                .unreadable, "\(url.path) cannot be read",
                hint: "name a Hugging Face model folder: it holds config.json")
        }
        try GitLFS.refuse(data, path: path)
        values = try JSONValue(data, name: url.path)
        guard case .object = values else {
            throw ModelError(
                .malformedJSON, "\(url.path) is not a JSON object but \(values.phrase)",
                hint: "copy the file from the model's source again")
        }
    }

    private init(path: String, values: JSONValue) {
        self.path = path
        self.values = values
    }

    var isEmpty: Bool { values == .object([]) }

    /// A nested object; nil where there is none.
    func section(_ key: String) -> ConfigurationFile? {
        guard let inner = values[key], case .object = inner else { return nil }
        return ConfigurationFile(path: "\(path): \(key)", values: inner)
    }

    private func value(_ keys: [String]) -> (key: String, value: JSONValue)? {
        for key in keys {
            if let value = values[key], !value.isNull { return (key, value) }
        }
        return nil
    }

    func optionalNumber(_ keys: [String]) throws(ModelError) -> Double? {
        guard let (key, value) = value(keys) else { return nil }
        guard let number = value.number else { throw wrong(key, "a number", value) }
        return number
    }

    func optionalInteger(_ keys: [String]) throws(ModelError) -> Int? {
        guard let (key, value) = value(keys) else { return nil }
        guard let integer = value.integer else { throw wrong(key, "a whole number", value) }
        return integer
    }

    /// The value of a key as it is in the file; nil where there is none.
    func json(_ key: String) -> JSONValue? { values[key] }

    /// One whole number or a list of them; nil where there is none.
    func optionalIntegers(_ key: String) throws(ModelError) -> [Int]? {
        guard let (_, value) = value([key]) else { return nil }
        if let integer = value.integer { return [integer] }
        guard case .list(let items) = value else { throw wrong(key, "a whole number or a list of them", value) }
        return try items.map { item throws(ModelError) in
            guard let integer = item.integer else { throw wrong(key, "a list of whole numbers", item) }
            return integer
        }
    }

    /// A whole number > 0.
    func size(_ keys: [String]) throws(ModelError) -> Int {
        guard let (key, value) = value(keys) else { throw missing(keys) }
        guard let size = value.integer, size > 0 else { throw wrong(key, "a whole number above 0", value) }
        return size
    }

    func number(_ keys: [String]) throws(ModelError) -> Double {
        guard let number = try optionalNumber(keys) else { throw missing(keys) }
        return number
    }

    func text(_ keys: [String]) throws(ModelError) -> String {
        guard let (key, value) = value(keys) else { throw missing(keys) }
        guard let text = value.text else { throw wrong(key, "a text", value) }
        return text
    }

    func optionalText(_ keys: [String]) throws(ModelError) -> String? {
        value(keys) == nil ? nil : try text(keys)
    }

    func boolean(_ key: String, default fallback: Bool) throws(ModelError) -> Bool {
        guard let (_, value) = value([key]) else { return fallback }
        guard let boolean = value.boolean else { throw wrong(key, "true or false", value) }
        return boolean
    }

    private func missing(_ keys: [String]) -> ModelError {
        ModelError(
            .missingField, "\(path) has no \(keys.map { "\"\($0)\"" }.joined(separator: " or "))",
            hint: "copy the file from the model's source again")
    }

    private func wrong(_ key: String, _ wanted: String, _ found: JSONValue) -> ModelError {
        ModelError(
            .invalidField, "\(path): \"\(key)\" must be \(wanted), got \(found.phrase)", hint: "correct the file")
    }
}
