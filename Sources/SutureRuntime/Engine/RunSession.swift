// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// What one call of a component may use, and what it hands back. Behind the ABI's `suture_session`.
///
/// Lives during the call; used on the thread of the call alone.
package final class RunSession {
    package let model: LanguageModel
    package let original: LanguageModel
    package let seed: Int
    package let stage: String
    let modelHandle: OpaquePointer
    let originalHandle: OpaquePointer
    /// `stage` as a C string that lives as long as the session.
    let stageText: UnsafePointer<CChar>
    private let arena = CArena()
    let services: RunServices

    // What came out of the call.
    package var locations: [Location] = []
    package var deltas: [Delta] = []
    package var scores: [Score] = []
    package var metrics: [Metric] = []
    package var marks: [Mark] = []
    /// What a service of the host threw. Only a sentence of it comes back through the plugin, so it is kept here.
    var failure: (any Error)?

    package init(
        model: LanguageModel, original: LanguageModel, seed: Int, stage: String = "", services: RunServices
    ) {
        self.model = model
        self.original = original
        self.seed = seed
        self.stage = stage
        self.services = services
        modelHandle = ModelTable.handle(model)
        originalHandle = ModelTable.handle(original)
        stageText = arena.string(stage)
    }

    deinit {
        ModelTable.release(modelHandle)
        ModelTable.release(originalHandle)
    }

    /// Calls `body` with the handle that goes across the boundary.
    ///
    /// - Throws: what a service of the host threw during the call, if one did; else what `body` throws.
    package func withHandle(_ body: (OpaquePointer) throws -> Void) throws {
        try withExtendedLifetime(self) {
            do {
                try body(OpaquePointer(Unmanaged.passUnretained(self).toOpaque()))
            } catch {
                throw failure ?? error
            }
        }
    }

    /// The session as a component in this image sees it, valid as long as this object. For tests.
    package var session: Session { Session(borrowing: OpaquePointer(Unmanaged.passUnretained(self).toOpaque())) }

    /// Runs a service; what it throws is kept for ``withHandle(_:)`` and goes back to the plugin as a value.
    func serve(_ body: () throws -> Void) -> OpaquePointer? {
        Host.returningError {
            do {
                try body()
            } catch {
                failure = error
                throw error
            }
        }
    }
}

/// What a session offers beside the model; each is a service of the engine.
package struct RunServices {
    /// Says how far a phase is. Throws `cancelled` when the run shall end.
    package var progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void
    /// Second moments of a site in some layers, on the original model.
    package var secondMoments: (_ kind: Site.Kind, _ layers: [Int]) throws -> [SecondMoment]
    /// Work that survived a kill, and keeping it.
    package var stored: (_ key: String) throws -> Tensor? = { _ in nil }
    package var store: (_ key: String, _ tensor: Tensor) throws -> Void = { _, _ in }
    /// What goes from one group of cases to the next.
    package var carried: (_ key: String) throws -> Tensor? = { _ in nil }
    package var carry: (_ key: String, _ tensor: Tensor) throws -> Void = { _, _ in }
    /// A stage on the way of a patcher, with what it recorded since the last one.
    package var report: (_ stage: String, _ deltas: [Delta], _ scores: [Score]) throws -> Void = { _, _, _ in }
    /// Calls a component that is a setting of this one; the session holds what it handed out.
    package var call: (_ slot: String, _ call: ComponentCall) throws -> RunSession = { slot, _ in
        throw SutureError(.notFound, "there is no component in the setting \"\(slot)\"")
    }

    package init(
        progress: @escaping (String, Int, Int) throws -> Void,
        secondMoments: @escaping (Site.Kind, [Int]) throws -> [SecondMoment]
    ) {
        self.progress = progress
        self.secondMoments = secondMoments
    }
}

/// What one component asks of another.
package struct ComponentCall {
    package var model: LanguageModel
    package var stage = ""
    package var cases: [EditCase] = []
    package var locations: [Location] = []
    package var texts: [MarkedText] = []
    /// What is carried is, for this call, as it was when the caller began.
    package var startsAnew = false
}
