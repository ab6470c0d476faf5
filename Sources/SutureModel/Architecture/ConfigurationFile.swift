// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A JSON file of a model folder, such as config.json, read key by key with sentences for what is missing or of the wrong
/// type.
///
/// It remembers the keys that were asked for, so that those that nobody reads can be named.
struct ConfigurationFile {
    typealias Setting = ArchitectureDescription.Setting

    let path: String
    private let values: JSONValue
    private let asked = Asked()

    private final class Asked {
        var keys: Set<String> = []
    }

    /// config.json of a folder.
    init(folder: URL) throws(ModelError) { try self.init(folder.appending(path: "config.json")) }

    init(_ url: URL) throws(ModelError) {
        path = url.path
        guard let data = try SmallFile.contents(atPath: url.path) else {
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

    /// This object with the members of another one, which replace those of the same name.
    func updated(with other: ConfigurationFile) -> ConfigurationFile {
        guard case .object(let members) = values, case .object(let newer) = other.values else { return self }
        let names = Set(newer.map(\.key))
        return ConfigurationFile(
            path: other.path, values: .object(members.filter { !names.contains($0.key) } + newer))
    }

    /// This object with some of its members alone.
    func selecting(_ names: [String]) -> ConfigurationFile {
        guard case .object(let members) = values else { return self }
        return ConfigurationFile(path: path, values: .object(members.filter { names.contains($0.key) }))
    }

    /// A section that a family has where the file has none.
    static func assumed(_ text: String, _ path: String) throws(ModelError) -> ConfigurationFile {
        ConfigurationFile(path: path, values: try JSONValue(text, name: path))
    }

    /// The keys in the order of the file.
    var keys: [String] {
        guard case .object(let members) = values else { return [] }
        return members.map(\.key)
    }

    /// The keys that nobody has asked for.
    var unreadKeys: [String] { keys.filter { !asked.keys.contains($0) } }

    /// A nested object; nil where there is none or it is null.
    func section(_ key: String) throws(ModelError) -> ConfigurationFile? {
        guard let inner = json(key), !inner.isNull else { return nil }
        guard case .object = inner else { throw wrong(key, "an object", inner) }
        return ConfigurationFile(path: "\(path): \(key)", values: inner)
    }

    /// The value of a key as it is in the file; nil where there is none.
    func json(_ key: String) -> JSONValue? {
        asked.keys.insert(key)
        return values[key]
    }

    /// Throws where a key holds a value that the model cannot follow.
    func check(_ restriction: ArchitectureDescription.Restriction) throws(ModelError) {
        guard let value = json(restriction.key) else { return }
        let allowed = restriction.values.compactMap { try? JSONValue($0, name: restriction.key) }
        guard !allowed.contains(value) else { return }
        throw ModelError(
            .unsupportedOption, "\(path): \"\(restriction.key)\" is \(value.phrase), which is not supported",
            hint: "use a model in which it is \((restriction.values + ["missing"]).joined(separator: " or "))")
    }

    /// Whether a key holds what a description asks for.
    func fulfils(_ condition: ArchitectureDescription.Condition) -> Bool {
        guard let value = json(condition.key) else { return condition.holdsIfMissing }
        return condition.values.contains { (try? JSONValue($0, name: condition.key)) == value }
    }

    // MARK: - Settings with a default

    private func value<Value>(_ setting: Setting<Value>) throws(ModelError) -> (key: String, value: JSONValue)? {
        // All names count as read, whichever is there.
        for name in setting.names { asked.keys.insert(name) }
        for key in setting.names {
            guard let value = values[key] else { continue }
            if value.isNull, setting.allowsNull { continue }
            return (key, value)
        }
        return nil
    }

    /// The name of a setting in this file; its own where the file has none of them.
    func name<Value>(of setting: Setting<Value>) -> String {
        setting.names.first { values[$0] != nil } ?? setting.names.last ?? ""
    }

    /// True where null stands for a derived value.
    private func isNull<Value>(_ setting: Setting<Value>) -> Bool {
        setting.names.lazy.compactMap { values[$0] }.first?.isNull == true
    }

    /// A whole number above 0; nil where it is derived.
    ///
    /// - Parameter limit: the largest that any model has. The product of two sizes has to fit an integer, and a loop over
    ///   layers has to end.
    func size(_ setting: Setting<Int>, limit: Int = 1 << 30) throws(ModelError) -> Int? {
        guard let (key, value) = try value(setting) else { return isNull(setting) ? nil : setting.fallback }
        guard let size = value.integer, size > 0 else { throw wrong(key, "a whole number above 0", value) }
        guard size <= limit else { throw wrong(key, "at most \(limit)", value) }
        return size
    }

    /// A whole number above 0 that is never derived.
    func requiredSize(_ setting: Setting<Int>, limit: Int = 1 << 30) throws(ModelError) -> Int {
        guard let size = try size(setting, limit: limit) else { throw missing(setting.names) }
        return size
    }

    func number(_ setting: Setting<Double>) throws(ModelError) -> Double {
        guard let (key, value) = try value(setting) else {
            guard let fallback = setting.fallback else { throw missing(setting.names) }
            return fallback
        }
        guard let number = value.number, number.isFinite, number >= 0 else {
            throw wrong(key, "a number of 0 or more", value)
        }
        return number
    }

    /// A number above 0 that may be switched off by null; nil then, and where neither file nor family have it.
    func optionalFactor(_ setting: Setting<Double>?) throws(ModelError) -> Double? {
        guard let setting else { return nil }
        guard let (key, value) = try value(setting) else { return isNull(setting) ? nil : setting.fallback }
        guard let number = value.number, number.isFinite, number > 0 else {
            throw wrong(key, "a number above 0", value)
        }
        return number
    }

    func text(_ setting: Setting<String>) throws(ModelError) -> String {
        guard let (key, value) = try value(setting) else {
            guard let fallback = setting.fallback else { throw missing(setting.names) }
            return fallback
        }
        guard let text = value.text else { throw wrong(key, "a text", value) }
        return text
    }

    func boolean(_ key: String, default fallback: Bool) throws(ModelError) -> Bool {
        guard let value = json(key) else { return fallback }
        guard let boolean = value.boolean else { throw wrong(key, "true or false", value) }
        return boolean
    }

    // MARK: - Values that may be missing

    /// A number; nil where the key is missing.
    func optionalNumber(_ key: String) throws(ModelError) -> Double? {
        guard let value = json(key) else { return nil }
        guard let number = value.number, number.isFinite else { throw wrong(key, "a number", value) }
        return number
    }

    func requiredNumber(_ key: String) throws(ModelError) -> Double {
        guard let number = try optionalNumber(key) else { throw missing([key]) }
        return number
    }

    /// A whole number; nil where the key is missing or null.
    func optionalInteger(_ key: String) throws(ModelError) -> Int? {
        guard let value = json(key), !value.isNull else { return nil }
        guard let integer = value.integer else { throw wrong(key, "a whole number", value) }
        return integer
    }

    /// One whole number or a list of them; nil where there is none.
    func optionalIntegers(_ key: String) throws(ModelError) -> [Int]? {
        guard let value = json(key), !value.isNull else { return nil }
        if let integer = value.integer { return [integer] }
        guard case .list(let items) = value else { throw wrong(key, "a whole number or a list of them", value) }
        return try items.map { item throws(ModelError) in
            guard let integer = item.integer else { throw wrong(key, "a list of whole numbers", item) }
            return integer
        }
    }

    /// A list of whole numbers; nil where the key is missing or null.
    func optionalIntegerList(_ key: String) throws(ModelError) -> [Int]? {
        guard let value = json(key), !value.isNull else { return nil }
        guard case .list = value else { throw wrong(key, "a list of whole numbers", value) }
        return try optionalIntegers(key)
    }

    /// A list of numbers above 0; nil where the key is missing or null.
    func optionalPositives(_ key: String) throws(ModelError) -> [Double]? {
        guard let value = json(key), !value.isNull else { return nil }
        guard case .list(let items) = value else { throw wrong(key, "a list of numbers above 0", value) }
        return try items.map { item throws(ModelError) in
            guard let number = item.number, number.isFinite, number > 0 else {
                throw wrong(key, "a list of numbers above 0", item)
            }
            return number
        }
    }

    /// A list of texts; nil where the key is missing or null.
    func optionalTexts(_ key: String) throws(ModelError) -> [String]? {
        guard let value = json(key), !value.isNull else { return nil }
        guard case .list(let items) = value else { throw wrong(key, "a list of texts", value) }
        return try items.map { item throws(ModelError) in
            guard let text = item.text else { throw wrong(key, "a list of texts", item) }
            return text
        }
    }

    /// A text; nil where the key is missing or null.
    func optionalText(_ key: String) throws(ModelError) -> String? {
        guard let value = json(key), !value.isNull else { return nil }
        guard let text = value.text else { throw wrong(key, "a text", value) }
        return text
    }

    private func missing(_ keys: [String]) -> ModelError {
        ModelError(
            .missingField, "\(path) has no \(keys.map { "\"\($0)\"" }.joined(separator: " or "))",
            hint: "copy the file from the model's source again")
    }

    func wrong(_ key: String, _ wanted: String, _ found: JSONValue) -> ModelError {
        ModelError(
            .invalidField, "\(path): \"\(key)\" must be \(wanted), got \(found.phrase)", hint: "correct the file")
    }
}
