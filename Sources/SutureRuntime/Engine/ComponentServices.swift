// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// Makes the services of components: of those that the run calls, and of those that they call in turn.
struct ComponentServices {
    var original: LanguageModel
    var seed: Int
    /// Says how far a phase is. Throws `cancelled` when the run shall end.
    var progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void
    var secondMoments: (_ kind: Site.Kind, _ layers: [Int]) throws -> [SecondMoment]

    /// - Parameters:
    ///   - component: whose settings may hold further components.
    ///   - store: where it keeps work that a kill shall not cost; nil: nowhere.
    ///   - carried: what follows the edits; nil: nothing does.
    func services(
        of component: LoadedComponent, store: TensorStore? = nil, carried: CarriedState? = nil
    ) -> RunServices {
        var services = RunServices(progress: progress, secondMoments: secondMoments)
        services.stored = { key in try store?.get(key) }
        services.store = { key, tensor in try store?.put(key, tensor) }
        services.carried = { key in carried?[key] }
        services.carry = { key, tensor in carried?[key] = tensor }
        // Each call has a store of its own: the second pass of an iteration must not find the values of the first.
        var calls = 0
        services.call = { slot, call in
            guard let inner = component.slots[slot] else {
                throw SutureError(
                    .notFound, "\(component.description.id) has no component in its setting \"\(slot)\"",
                    hint: "name one in the experiment file")
            }
            calls += 1
            if call.startsAnew { carried?.rewind() }
            let own = self.services(of: inner, store: store?.scope("\(slot)-\(calls)"), carried: carried)
            return try run(inner, call, own)
        }
        return services
    }

    private func run(
        _ component: LoadedComponent, _ call: ComponentCall, _ services: RunServices
    ) throws -> RunSession {
        let session = RunSession(
            model: call.model, original: original, seed: seed, stage: call.stage, services: services)
        try session.withHandle { handle in
            switch component.description.kind {
            case .locator: try component.locate(call.cases, session: handle)
            case .patcher: try component.patch(call.cases, at: call.locations, session: handle)
            case .evaluator:
                try component.evaluate(call.cases, session: handle)
                if !call.cases.isEmpty { try component.evaluate([], session: handle) }
                try component.summarize(session.scores, session: handle)
            case .annotator: try component.annotate(call.texts, session: handle)
            }
        }
        return session
    }
}
