// SPDX-License-Identifier: Apache-2.0

import Foundation

/// config.json of a model folder, read key by key with sentences for what is missing or of the wrong type.
struct ConfigurationFile {
    let path: String
    private let values: [String: Any]

    init(folder: URL) throws(ModelError) {
        let url = folder.appending(path: "config.json")
        path = url.path
        guard let data = try? Data(contentsOf: url) else {
            throw ModelError(
                "\(url.path) cannot be read", hint: "name a Hugging Face model folder: it holds config.json")
        }
        guard let values = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw ModelError("\(url.path) is not a JSON object", hint: "copy the file from the model's source again")
        }
        self.values = values
    }

    private init(path: String, values: [String: Any]) {
        self.path = path
        self.values = values
    }

    /// A nested object; nil where there is none.
    func section(_ key: String) -> ConfigurationFile? {
        (values[key] as? [String: Any]).map { ConfigurationFile(path: "\(path): \(key)", values: $0) }
    }

    private func value(_ keys: [String]) -> (key: String, value: Any)? {
        for key in keys {
            if let value = values[key], !(value is NSNull) { return (key, value) }
        }
        return nil
    }

    func optionalNumber(_ keys: [String]) throws(ModelError) -> Double? {
        guard let (key, value) = value(keys) else { return nil }
        guard let number = value as? NSNumber, !isBoolean(value) else { throw wrong(key, "a number", value) }
        return number.doubleValue
    }

    func optionalInteger(_ keys: [String]) throws(ModelError) -> Int? {
        guard let number = try optionalNumber(keys) else { return nil }
        guard let integer = Int(exactly: number) else { throw wrong(keys[0], "a whole number", number) }
        return integer
    }

    /// A whole number > 0.
    func size(_ keys: [String]) throws(ModelError) -> Int {
        guard let size = try optionalInteger(keys) else { throw missing(keys) }
        guard size > 0 else { throw wrong(keys[0], "a whole number above 0", size) }
        return size
    }

    func number(_ keys: [String]) throws(ModelError) -> Double {
        guard let number = try optionalNumber(keys) else { throw missing(keys) }
        return number
    }

    func text(_ keys: [String]) throws(ModelError) -> String {
        guard let (key, value) = value(keys) else { throw missing(keys) }
        guard let text = value as? String else { throw wrong(key, "a text", value) }
        return text
    }

    func optionalText(_ keys: [String]) throws(ModelError) -> String? {
        value(keys) == nil ? nil : try text(keys)
    }

    func boolean(_ key: String, default fallback: Bool) throws(ModelError) -> Bool {
        guard let (_, value) = value([key]) else { return fallback }
        guard let boolean = value as? Bool, isBoolean(value) else { throw wrong(key, "true or false", value) }
        return boolean
    }

    private func isBoolean(_ value: Any) -> Bool {
        (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false
    }

    private func missing(_ keys: [String]) -> ModelError {
        ModelError(
            "\(path) has no \(keys.map { "\"\($0)\"" }.joined(separator: " or "))",
            hint: "copy the file from the model's source again")
    }

    private func wrong(_ key: String, _ wanted: String, _ found: Any) -> ModelError {
        ModelError("\(path): \"\(key)\" must be \(wanted), got \(found)", hint: "correct the file")
    }
}
