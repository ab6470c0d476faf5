// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Makes the services of components: of those that the run calls, and of those that they call in turn.
struct ComponentServices {
    var original: LanguageModel
    var seed: Int
    /// Throws where something that the run reads has changed.
    var checkInputs: () throws -> Void = {}
    /// Says how far a phase is. Throws `cancelled` when the run must end.
    var progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void
    var secondMoments: (_ kind: Site.Kind, _ layers: [Int]) throws -> [SecondMoment]
    /// The training examples; nil where the experiment names none.
    var influence: InfluenceService?
    /// Other weights that components ask for.
    var checkpoints = LoadedCheckpoints()

    /// - Parameters:
    ///   - component: whose settings may hold further components.
    ///   - store: where it keeps work that a kill must not cost; nil: nowhere.
    ///   - carried: what follows the edits; nil: nothing does.
    func services(
        of component: LoadedComponent, store: TensorStore? = nil, carried: CarriedState? = nil
    ) -> RunServices {
        var services = RunServices(progress: progress, secondMoments: secondMoments)
        services.stored = { key in try store?.get(key) }
        services.store = { key, tensor in
            try checkInputs()
            try store?.put(key, tensor)
        }
        services.carried = { key in carried?[key] }
        // A copy: the component may go on with its own.
        services.carry = { key, tensor in carried?[key] = try tensor.protected() }
        services.checkpoint = { folder in
            try checkInputs()
            return try checkpoints.model(in: folder, like: original)
        }
        if let influence {
            services.influence = influenceServices(of: component, influence)
        }
        // Each call has a store of its own: the second pass of an iteration must not find the values of the first.
        var calls: [String: Int] = [:]
        services.call = { slot, call, model in
            let inner = try component.filler(of: slot)
            guard call.operation.kind == inner.description.kind else {
                throw SutureError(
                    .invalidArgument,
                    "\(component.description.id) asked \(inner.description.id), \(inner.description.kind.phrase), to "
                        + call.operation.name,
                    hint: "report this to its author")
            }
            calls[slot, default: 0] += 1
            if call.startsAnew { carried?.rewind() }
            let own = self.services(
                of: inner, store: store?.scope("\(slot)-\(calls[slot] ?? 0)"), carried: carried)
            return try perform(call, by: inner, on: model, own)
        }
        return services
    }

    /// The training examples, for a component that may ask the estimators among its settings about them.
    private func influenceServices(
        of component: LoadedComponent, _ influence: InfluenceService
    ) -> InfluenceServices {
        var services = InfluenceServices()
        services.count = { try influence.training().count }
        services.examples = { try influence.training().examples($0).map(\.text) }
        services.trace = { slot, model, queries in
            let inner = try component.filler(of: slot)
            guard inner.description.kind == .estimator else {
                throw SutureError(
                    .invalidArgument,
                    "\(component.description.id) asked \(inner.description.id), \(inner.description.kind.phrase), for influence",
                    hint: "report this to its author")
            }
            return try influence.trace(subject(inner, model, queries))
        }
        return services
    }

    /// A trace by an estimator, whose session keeps what it fits.
    func subject(
        _ estimator: LoadedComponent, _ model: LanguageModel, _ queries: [MarkedText]
    ) -> InfluenceService.Subject {
        func perform(_ component: LoadedComponent) -> InfluenceService.Perform {
            { call, model, factors in
                try self.perform(call, by: component, on: model, services(of: component, store: factors))
            }
        }
        var subject = InfluenceService.Subject(
            estimator: estimator, model: model, queries: queries, perform: perform(estimator))
        if let prefilter = influence?.prefilter {
            subject.prefilter = InfluenceService.Prefilter(estimator: prefilter, perform: perform(prefilter))
        }
        return subject
    }

    /// Lets a component perform a call in a session of its own. What it found is handed on only where nothing that it may have
    /// read has changed.
    func perform(
        _ call: ComponentCall, by component: LoadedComponent, on model: LanguageModel, _ services: RunServices
    ) throws -> ComponentResults {
        let results = try RunSession(
            of: component.description.id, call, model: model, original: original, seed: seed, services: services
        ).perform(by: component)
        try checkInputs()
        return results
    }
}

extension LoadedComponent {
    /// The component in a setting.
    fileprivate func filler(of slot: String) throws(SutureError) -> LoadedComponent {
        guard let inner = slots[slot] else {
            throw SutureError(
                .notFound, "\(description.id) has no component in its setting \"\(slot)\"",
                hint: "name one in the experiment file")
        }
        return inner
    }
}
