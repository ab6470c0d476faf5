// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import SutureRuntime

/// Calls one component once in a worker, as a run does, and tells what it handed out.
///
/// An evaluator is asked to evaluate and then to summarize its scores.
public struct CallJob: WorkerJob {
    public static let name = "call"

    /// The absolute path of the library.
    public var file: String
    public var kind: ComponentKind
    public var component: String
    public var arguments: [ArgumentValue]
    public var cases: [EditCase]
    public var locations: [Location]
    public var seed: Int
    public var stage: String
    /// For annotators.
    public var texts: [MarkedText]
    /// What the library's digest must be; nil: any.
    public var digest: String?
    /// Which libraries the component may bind functions from.
    package var permission = CodePermission.all

    public init(
        file: String, kind: ComponentKind, component: String, arguments: [ArgumentValue] = [], cases: [EditCase] = [],
        locations: [Location] = [], seed: Int = 0, stage: String = "", texts: [String] = [], digest: String? = nil
    ) {
        self.file = file
        self.kind = kind
        self.component = component
        self.arguments = arguments
        self.cases = cases
        self.locations = locations
        self.seed = seed
        self.stage = stage
        self.texts = texts.map { MarkedText(text: $0) }
        self.digest = digest
    }

    /// What the component handed out, in order.
    public struct Result: Codable, Sendable, Hashable {
        public var locations: [Location] = []
        public var changes: [Change] = []
        public var scores: [Score] = []
        public var metrics: [Metric] = []
        public var marks: [Mark] = []
    }

    /// A change of a weight with its numbers.
    public struct Change: Codable, Sendable, Hashable {
        public var parameter: String
        /// Nil for an extension.
        public var form: Delta.FormName?
        /// The id and the settings of an extension.
        public var `extension`: [String] = []
        public var tensors: [Values]

        public struct Values: Codable, Sendable, Hashable {
            public var shape: [Int]
            public var values: [Double]
        }

        init(_ delta: Delta) throws {
            parameter = delta.parameter
            form = delta.form.name
            if case .extension(let extra) = delta.form { `extension` = [extra.id, extra.settings] }
            tensors = try delta.tensors.map { Values(shape: $0.shape, values: try $0.scalars(as: Double.self)) }
        }
    }

    public func run(in link: WorkerLink) throws -> Result {
        try HostTables.install(for: link, permission: permission)
        let loaded = try LoadedComponent(
            file: file, kind: kind, component: component, arguments: arguments, digest: digest)
        let model = try LanguageModel(folder: Repository.world.appending(path: "model"))
        let services = RunServices(
            progress: { phase, done, total in
                link.phase(phase, done, of: total)
                if link.isCancelled { throw SutureError(.cancelled, "the run was interrupted") }
            },
            secondMoments: { _, _ in throw SutureError(.failedPrecondition, "the test gave no second moments") })
        func perform(_ call: ComponentCall) throws -> ComponentResults {
            try RunSession(of: component, call, model: model, original: model, seed: seed, services: services)
                .perform(by: loaded)
        }
        var result = Result()
        for operation in Operation.allCases where operation.kind == kind {
            let results = try perform(
                ComponentCall(
                    operation, stage: stage, cases: cases, locations: locations, scores: result.scores, texts: texts))
            result.locations += results.locations
            result.changes += try results.deltas.map(Change.init)
            result.scores += results.scores
            result.metrics += results.metrics
            result.marks += results.marks
        }
        return result
    }
}
