// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// locations.json holds what a locator emitted, with all that a reader needs to draw it without the model.
package struct LocationsFile: Sendable, Hashable, Codable {
    /// The component that emitted the locations.
    package struct Locator: Sendable, Hashable, Codable {
        package var name: String
        package var version: String
        package var parameters: [String: SettingJSON]

        package init(name: String, version: String = "", parameters: [String: SettingJSON] = [:]) {
            self.name = name
            self.version = version
            self.parameters = parameters
        }

        init(_ component: ResolvedComponent) {
            self.init(
                name: component.id, version: component.version, parameters: SettingJSON.parameters(of: component))
        }
    }

    /// A case with the tokens of its prompt.
    package struct Prompt: Sendable, Hashable, Codable {
        package var index: Int
        package var id: String
        /// The text of each token, special tokens included. Positions count these.
        package var tokens: [String]
        /// Positions of the tokens that cover the subject; empty where the prompt does not contain it.
        package var subject: [Int]

        enum CodingKeys: String, CodingKey {
            case index
            case id = "case_id"
            case tokens, subject
        }

        package init(index: Int, id: String, tokens: [String], subject: [Int] = []) {
            self.index = index
            self.id = id
            self.tokens = tokens
            self.subject = subject
        }
    }

    package var locator: Locator
    package var cases: [Prompt]
    package var locations: [Location]

    package init(locator: Locator, cases: [Prompt] = [], locations: [Location]) {
        self.locator = locator
        self.cases = cases
        self.locations = locations
    }
}

extension LocationsFile.Prompt {
    /// - Throws: what the tokenizer cannot do with the prompt.
    init(_ one: EditCase, _ tokenizer: Tokenizer) throws {
        let text = one.filledPrompt
        let scalars = Array(text.unicodeScalars)
        let encoding = try tokenizer.encode(text, addSpecialTokens: true)
        let span = LocationsFile.Prompt.subject(of: one, in: text)
        self.init(
            index: one.index, id: one.id,
            tokens: zip(encoding.ids, encoding.offsets).map { id, range in
                guard !range.isEmpty, range.upperBound <= scalars.count else { return tokenizer.token(for: id) ?? "" }
                var view = String.UnicodeScalarView()
                view.append(contentsOf: scalars[range])
                return String(view)
            },
            subject: encoding.offsets.indices.filter { position in
                let range = encoding.offsets[position]
                return range.upperBound > span.lowerBound && range.lowerBound < span.upperBound
            })
    }

    /// The scalars of the prompt that are the subject; an empty range where it does not occur.
    private static func subject(of one: EditCase, in text: String) -> Range<Int> {
        guard !one.subject.isEmpty else { return 0..<0 }
        if let prompt = one.subjectPrompt { return prompt.scalars }
        let length = one.subject.unicodeScalars.count
        guard let found = text.ranges(of: one.subject).last else { return 0..<0 }
        let start = text.unicodeScalars.distance(from: text.startIndex, to: found.lowerBound)
        return start..<start + length
    }
}

/// A setting of a component as plain JSON. A component among the settings is an object of its name and its own settings.
package indirect enum SettingJSON: Sendable, Hashable, Codable {
    case null
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([SettingJSON])
    case object([String: SettingJSON])

    static func parameters(of component: ResolvedComponent) -> [String: SettingJSON] {
        Dictionary(component.settings.map { ($0.name, SettingJSON($0.value)) }) { first, _ in first }
    }

    init(_ value: ArgumentValue) {
        self =
            switch value {
            case .null: .null
            case .integer(let value): .integer(value)
            case .number(let value): .number(value)
            case .boolean(let value): .boolean(value)
            case .text(let value): .text(value)
            case .integers(let values): .list(values.map { .integer($0) })
            case .numbers(let values): .list(values.map { .number($0) })
            case .texts(let values): .list(values.map { .text($0) })
            case .textGroups(let groups): .list(groups.map { .list($0.map { .text($0) }) })
            case .component(let component):
                .object([
                    "name": .text(component.id), "parameters": .object(SettingJSON.parameters(of: component)),
                ])
            }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode([SettingJSON].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: SettingJSON].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        }
    }
}
