// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel
import SutureRuntime

/// A session without a run behind it: what a component asks for is what the test put in. One thread at a time.
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
        let services = RunServices(
            progress: { [unowned self] phase, _, _ in try progress(phase) },
            secondMoments: { [unowned self] kind, layers in try layers.map { try secondMoment(kind, $0) } },
            stored: { [unowned self] key in store[key] },
            store: { [unowned self] key, tensor in store[key] = tensor })
        let session = RunSession(model: edited, original: original, seed: seed, stage: stage, services: services)
        handedOut.append(session)
        return session.session
    }

    private func progress(_ phase: String) throws(SutureError) {
        if phases.last != phase { phases.append(phase) }
        guard let left = stepsLeft else { return }
        guard left > 0 else { throw SutureError(.cancelled, "the run was cancelled") }
        stepsLeft = left - 1
    }
}
