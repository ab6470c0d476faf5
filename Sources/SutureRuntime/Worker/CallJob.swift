// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Calls one component once and tells what it handed out. It needs no model: for trying a plugin, and for checks of its
/// conformance.
///
/// An evaluator is asked to evaluate and then to summarize its scores.
public struct CallJob: WorkerJob {
    public static let name = "call"

    /// The absolute path of the library.
    public var file: String
    public var kind: ComponentKind
    public var component: String
    public var arguments: [ArgumentValue]
    public var cases: [Case]
    public var locations: [Place]
    public var seed: Int
    public var stage: String
    /// For annotators.
    public var texts: [String]

    public init(
        file: String, kind: ComponentKind, component: String, arguments: [ArgumentValue] = [], cases: [EditCase] = [],
        locations: [Location] = [], seed: Int = 0, stage: String = "", texts: [String] = []
    ) {
        self.file = file
        self.kind = kind
        self.component = component
        self.arguments = arguments
        self.cases = cases.map(Case.init)
        self.locations = locations.map(Place.init)
        self.seed = seed
        self.stage = stage
        self.texts = texts
    }

    /// What the component handed to its session, in order.
    public struct Result: Codable, Sendable, Hashable {
        public var locations: [Place] = []
        public var changes: [Change] = []
        public var scores: [Number] = []
        public var metrics: [Figure] = []
        public var marks: [Span] = []
    }

    public func run(in link: WorkerLink) throws -> Result {
        let session = CallSession(seed: seed, stage: stage, link: link)
        CallSession.register()
        try HostTables.install()
        let report = DescribeJob.describe(file)
        guard
            let description = report.components.lazy.compactMap(\.value).first(where: {
                $0.kind == kind && $0.id == component
            })
        else {
            if let problem = report.problems.first { throw problem.error }
            throw RuntimeError(.plugin, "\(file) offers no \(kind.name) \"\(component)\"")
        }
        let loaded = try LoadedComponent(description, arguments: arguments)
        let cases = self.cases.map(\.value)
        try withExtendedLifetime(session) {
            switch kind {
            case .locator: try loaded.locate(cases, session: session.handle)
            case .patcher:
                try loaded.patch(cases, at: locations.compactMap(\.value), session: session.handle)
            case .evaluator:
                try loaded.evaluate(cases, session: session.handle)
                try loaded.summarize(session.result.scores.map(\.value), session: session.handle)
            case .annotator:
                try loaded.annotate(texts.map { MarkedText(text: $0) }, session: session.handle)
            }
        }
        return session.result
    }
}

// Values of a run on their way through JSON.
extension CallJob {
    public struct Case: Codable, Sendable, Hashable {
        public var index: Int
        public var id: String
        public var texts: [String]
        public var lists: [[String]]

        public init(_ value: EditCase) {
            index = value.index
            id = value.id
            texts = [value.prompt, value.subject, value.targetNew, value.targetTrue, value.answer]
            lists = [
                value.paraphrasePrompts, value.neighborhoodPrompts, value.generationPrompts, value.attributePrompts,
            ]
        }

        public var value: EditCase {
            func text(_ i: Int) -> String { texts.indices.contains(i) ? texts[i] : "" }
            func list(_ i: Int) -> [String] { lists.indices.contains(i) ? lists[i] : [] }
            return EditCase(
                index: index, id: id, prompt: text(0), subject: text(1), targetNew: text(2), targetTrue: text(3),
                answer: text(4), paraphrasePrompts: list(0), neighborhoodPrompts: list(1),
                generationPrompts: list(2), attributePrompts: list(3))
        }
    }

    public struct Place: Codable, Sendable, Hashable {
        public var caseIndex: Int?
        /// As ``Site/description`` writes it.
        public var site: String
        public var position: Int?
        public var role: Int32
        public var unit: Int?
        public var score: Double
        public var isSelected: Bool

        public init(_ value: Location) {
            caseIndex = value.caseIndex
            site = value.site.description
            position = value.position
            role = value.role.rawValue
            unit = value.unit
            score = value.score
            isSelected = value.isSelected
        }

        public var value: Location? {
            guard let site = Site(site), let role = Location.Role(rawValue: role) else { return nil }
            return Location(
                site, caseIndex: caseIndex, position: position, role: role, unit: unit, score: score,
                isSelected: isSelected)
        }
    }

    /// A change of a weight.
    public struct Change: Codable, Sendable, Hashable {
        public var parameter: String
        /// "low_rank", "rows" or "dense".
        public var form: String
        public var tensors: [Values]

        public struct Values: Codable, Sendable, Hashable {
            public var shape: [Int]
            public var values: [Double]
        }

        init(_ delta: Delta) throws {
            parameter = delta.parameter
            form =
                switch delta.form {
                case .lowRank: "low_rank"
                case .rows: "rows"
                case .dense: "dense"
                }
            tensors = try delta.tensors.map { Values(shape: $0.shape, values: try $0.scalars(as: Double.self)) }
        }
    }

    public struct Number: Codable, Sendable, Hashable {
        public var caseIndex: Int?
        public var name: String
        public var measured: Double
        public var weight: Double

        init(_ value: Score) {
            caseIndex = value.caseIndex
            name = value.name
            measured = value.value
            weight = value.weight
        }

        public var value: Score { Score(name, measured, caseIndex: caseIndex, weight: weight) }

        private enum CodingKeys: String, CodingKey {
            case caseIndex, name, measured = "value", weight
        }
    }

    /// An unwanted part of a text.
    public struct Span: Codable, Sendable, Hashable {
        public var text: Int
        public var start: Int
        public var end: Int

        init(_ value: Mark) {
            text = value.text
            start = value.bytes.lowerBound
            end = value.bytes.upperBound
        }
    }

    public struct Figure: Codable, Sendable, Hashable {
        public var name: String
        public var value: Double
        public var unit: String
        public var n: Int
        public var standardError: Double?
        public var direction: Int32
        public var `protocol`: String

        init(_ value: Metric) {
            name = value.name
            self.value = value.value
            unit = value.unit
            n = value.n
            standardError = value.standardError
            direction = value.direction.rawValue
            `protocol` = value.protocol
        }
    }
}
