// SPDX-License-Identifier: Apache-2.0

import CSutureHost
import SutureKit
import SutureModel

/// What one call of a component may use, and what it hands back. Behind the ABI's `suture_session`.
///
/// It lives during the call and is used only on the call's thread.
package final class RunSession {
    package let model: LanguageModel
    package let original: LanguageModel
    package let seed: Int
    package let results: ComponentResults
    let services: RunServices
    let originalHandle: OpaquePointer
    private let modelHandle: OpaquePointer
    private let call: ComponentCall
    /// Holds the call as a component in this image sees it.
    private let arena = CArena()
    /// What a service of the host threw. Only a sentence of it comes back through the plugin, so it is kept here.
    private var failure: (any Error)?

    /// - Parameters:
    ///   - component: who is called, for sentences.
    ///   - call: what is asked; its model is the one given here.
    ///   - acceptsAnyCase: for tests, whose cases reach a component on another way than by the call.
    package init(
        of component: String, _ call: ComponentCall, model: LanguageModel, original: LanguageModel, seed: Int,
        services: RunServices, acceptsAnyCase: Bool = false
    ) {
        self.model = model
        self.original = original
        self.seed = seed
        self.services = services
        results = ComponentResults(of: component, call, acceptsAnyCase: acceptsAnyCase)
        modelHandle = ModelTable.handle(model)
        originalHandle = ModelTable.handle(original)
        var call = call
        call.model = modelHandle
        self.call = call
    }

    deinit {
        ModelTable.release(modelHandle)
        ModelTable.release(originalHandle)
    }

    /// Lets a component perform the call.
    ///
    /// - Returns: what it handed out.
    /// - Throws: what a service of the host threw during the call, if one did; else what the component threw.
    @discardableResult
    package func perform(by component: LoadedComponent) throws -> ComponentResults {
        try withExtendedLifetime(self) {
            do {
                try component.perform(call, session: handle, results: results)
            } catch {
                throw failure ?? error
            }
        }
        return results
    }

    private var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    /// The session as a component in this image sees it, valid as long as this object. For tests.
    package var session: Session {
        get throws(SutureError) {
            try Session(borrowing: handle, call: call.c(in: arena), sink: arena.value(results.sink))
        }
    }

    /// Runs a service; what it throws is kept for ``perform(by:)`` and goes back to the plugin as a value.
    func serve(_ body: () throws -> Void) -> OpaquePointer? {
        suture_host_note_activity()
        return Host.returningError {
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
    /// Says how far a phase is. Throws `cancelled` when the run must end.
    package var progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void
    /// Second moments of a site in some layers, on the original model.
    package var secondMoments: (_ kind: Site.Kind, _ layers: [Int]) throws -> [SecondMoment]
    /// Reads and keeps work that must survive a kill.
    package var stored: (_ key: String) throws -> Tensor? = { _ in nil }
    package var store: (_ key: String, _ tensor: Tensor) throws -> Void = { _, _ in }
    /// What one group of cases passes on to the next.
    package var carried: (_ key: String) throws -> Tensor? = { _ in nil }
    package var carry: (_ key: String, _ tensor: Tensor) throws -> Void = { _, _ in }
    /// A stage on the way of a patcher, with what it recorded since the last one.
    package var report: (_ stage: String, _ deltas: [Delta], _ scores: [Score]) throws -> Void = { _, _, _ in }
    /// The weights in a folder, as a model with the parameters of the original.
    package var checkpoint: (_ folder: String) throws -> LanguageModel = { folder in
        throw SutureError(.notFound, "there is no checkpoint '\(folder)'")
    }
    /// The training examples of the run, and what they made the model say.
    package var influence = InfluenceServices()
    /// Calls a component that is a setting of this one.
    package var call: (_ slot: String, _ call: ComponentCall, _ model: LanguageModel) throws -> ComponentResults = {
        slot, _, _ in
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

/// What a session offers of training examples.
package struct InfluenceServices {
    /// The number of examples.
    package var count: () throws -> Int = { throw InfluenceServices.noTraining }
    /// Some of them, in the order of their indices.
    package var examples: (_ indices: [Int]) throws -> [MarkedText] = { _ in throw InfluenceServices.noTraining }
    /// The influence of each on some queries, `[queries, examples]`, by the estimator in a setting.
    package var trace: (_ slot: String, _ model: LanguageModel, _ queries: [MarkedText]) throws -> Tensor = {
        _, _, _ in throw InfluenceServices.noTraining
    }

    private static var noTraining: SutureError {
        SutureError(
            .failedPrecondition, "there are no training examples",
            hint: "name the file that the model was trained on: training: {path: train.jsonl}")
    }
}
