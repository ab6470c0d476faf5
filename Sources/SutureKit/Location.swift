// SPDX-License-Identifier: Apache-2.0

/// Where a behaviour lives, with how much evidence: site × layer × token position × neuron or head.
///
/// All locators speak it, so a heat map can be drawn of any of them. A patcher writes at the selected ones.
public struct Location: Sendable, Hashable, Codable {
    /// Which token, by its part in the prompt.
    public enum Role: Int32, Sendable, CaseIterable {
        /// No part that has a role.
        case none
        /// The first token of the subject.
        case subjectFirst
        /// The last token of the subject, also where it is the first.
        case subjectLast
        /// The token that follows the subject.
        case afterSubject
        /// The last token of the prompt, from which the object is predicted.
        case last
        /// A token of the subject between its first and its last.
        case subjectMiddle
        /// A token between the one that follows the subject and the last one.
        case further

        /// The name in files: "subject_last".
        public var name: String {
            switch self {
            case .none: "none"
            case .subjectFirst: "subject_first"
            case .subjectLast: "subject_last"
            case .afterSubject: "after_subject"
            case .last: "last"
            case .subjectMiddle: "subject_middle"
            case .further: "further"
            }
        }
    }

    enum CodingKeys: String, CodingKey {
        case caseIndex = "case"
        case site, position, role, unit, measure, score
        case isSelected = "selected"
    }

    /// The index of the case, or nil for every case.
    public var caseIndex: Int?
    /// The place in the forward pass, with its layer.
    public var site: Site
    /// Token index in the prompt, or in the answer that follows it; nil: by role, or every position.
    public var position: Int?
    /// Which token, by its part in the prompt; ``Role/none``: by position, or every position.
    public var role: Role
    /// Neuron or head; nil: the whole site.
    public var unit: Int?
    /// What the score measures, where a locator measures several things: "probability of the bridge". Empty: the one thing
    /// that the locator measures.
    public var measure: String
    /// Larger is more responsible. The locator documents the unit.
    public var score: Double
    /// The patcher is to write here. Otherwise the location is a measurement.
    public var isSelected: Bool

    /// A location. Without a case it applies to every case; without a position and a role, to every position; without a unit,
    /// to the whole site.
    public init(
        _ site: Site, caseIndex: Int? = nil, position: Int? = nil, role: Role = .none, unit: Int? = nil,
        measure: String = "", score: Double, isSelected: Bool
    ) {
        self.caseIndex = caseIndex
        self.site = site
        self.position = position
        self.role = role
        self.unit = unit
        self.measure = measure
        self.score = score
        self.isSelected = isSelected
    }
}

extension [Location] {
    /// The layers selected for a case (its own and those for every case), ascending, each once.
    public func selectedLayers(of kind: Site.Kind, forCase index: Int) -> [Int] {
        let layers = lazy.filter {
            $0.isSelected && $0.site.kind == kind && ($0.caseIndex == nil || $0.caseIndex == index)
        }
        return Set(layers.compactMap(\.site.layer)).sorted()
    }
}

extension Location.Role: Codable {
    /// Reads a name; throws where no role has it.
    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let role = Location.Role.allCases.first(where: { $0.name == name }) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\"\(name)\" is no role of a token"))
        }
        self = role
    }

    /// Writes the name: "subject_last".
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
