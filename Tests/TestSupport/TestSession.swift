// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel
import SutureRuntime

/// A session without a run. A component gets what the test put in. One thread at a time.
public final class TestSession {
    /// As it lies on disk.
    public let original: LanguageModel
    /// With the patches in force.
    public private(set) var edited: LanguageModel
    public var seed = 0
    public var stage = ""
    /// What ``Session/secondMoments(of:layers:)`` returns for a layer.
    public var secondMoment: (Site.Kind, Int) throws -> SecondMoment = { _, _ in
        throw SutureError(.failedPrecondition, "the test gave no second moments")
    }
    /// What a component kept.
    public var store: [String: Tensor] = [:]
    /// What a method carries from one group of cases to the next.
    public var carried: [String: Tensor] = [:]
    private let checkpoints = LoadedCheckpoints()
    private var carriedAtStart: [String: Tensor] = [:]
    /// The components that fill the settings of the one under test, by parameter name.
    public var components: [String: any Component] = [:]
    /// The training examples of the run.
    public var training: [MarkedText] = []
    /// The influence of each of them on some queries, by the estimator in a setting.
    public var influence: (_ model: LanguageModel, _ queries: [MarkedText]) throws -> Tensor = { _, _ in
        throw SutureError(.failedPrecondition, "the test gave no influence")
    }
    /// The intermediate results that were reported.
    public private(set) var reports: [Report] = []
    /// What the components that were handed a session recorded and did not report.
    public var scores: [Score] { handedOut.flatMap(\.results.scores) }

    /// An intermediate result of a patcher.
    public struct Report {
        public let stage: String
        public let patch: Patch
        public let scores: [Score]

        init(_ stage: String, _ deltas: [Delta], _ scores: [Score]) {
            self.stage = stage
            patch = Patch(deltas)
            self.scores = scores
        }
    }

    /// Steps after which the run is cancelled; nil: never.
    public var stepsLeft: Int?
    /// Names of the phases, in the order of their beginning.
    public private(set) var phases: [String] = []
    /// The sessions that were handed out; components borrow them.
    private var handedOut: [RunSession] = []

    public init(_ model: LanguageModel) {
        original = model
        edited = model
    }

    /// The model to measure, as a component sees it.
    public var model: Model { get throws { try session.model } }

    /// Puts a patch in force, upon those that are.
    public func apply(_ patch: Patch) throws { edited = try edited.applying(patch.deltas) }

    /// A session on the models as they are now, valid as long as this object.
    public var session: Session {
        get throws {
            carriedAtStart = carried
            // A patcher's session lets everything through that a patcher may hand out; other kinds return their results.
            let session = RunSession(
                of: "the component", ComponentCall(.patch, stage: stage), model: edited, original: original, seed: seed,
                services: services, acceptsAnyCase: true)
            handedOut.append(session)
            return try session.session
        }
    }

    private var services: RunServices {
        var services = RunServices(
            progress: { [unowned self] phase, _, _ in try progress(phase) },
            secondMoments: { [unowned self] kind, layers in try layers.map { try secondMoment(kind, $0) } })
        services.stored = { [unowned self] key in store[key] }
        services.store = { [unowned self] key, tensor in store[key] = tensor }
        services.carried = { [unowned self] key in carried[key] }
        services.carry = { [unowned self] key, tensor in carried[key] = tensor }
        services.report = { [unowned self] stage, deltas, scores in reports.append(Report(stage, deltas, scores)) }
        services.influence.count = { [unowned self] in training.count }
        services.influence.examples = { [unowned self] indices in indices.map { training[$0] } }
        services.influence.trace = { [unowned self] _, model, queries in try influence(model, queries) }
        services.checkpoint = { [unowned self] folder in try checkpoints.model(in: folder, like: original) }
        services.call = { [unowned self] slot, call, model in try run(call, of: slot, on: model) }
        return services
    }

    /// Calls a component that fills a setting, in a session of its own and with no store.
    private func run(_ call: ComponentCall, of slot: String, on model: LanguageModel) throws -> ComponentResults {
        guard let component = components[slot] else {
            throw SutureError(.notFound, "the test gave no component for the setting \"\(slot)\"")
        }
        if call.startsAnew { carried = carriedAtStart }
        var services = services
        services.stored = { _ in nil }
        services.store = { _, _ in }
        let session = RunSession(
            of: slot, call, model: model, original: original, seed: seed, services: services)
        try component.perform(call, in: session.session)
        return session.results
    }

    private func progress(_ phase: String) throws(SutureError) {
        if phases.last != phase { phases.append(phase) }
        guard let left = stepsLeft else { return }
        guard left > 0 else { throw SutureError(.cancelled, "the run was cancelled") }
        stepsLeft = left - 1
    }
}
