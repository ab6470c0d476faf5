// SPDX-License-Identifier: Apache-2.0

/// Answers "what has to change?". Never writes a weight: the host applies and checks what it returns.
public protocol Patcher: Component {
    /// The changes that the cases need, relative to ``Session/model``.
    ///
    /// - Parameter locations: what the run's locator found for these cases.
    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch
}

extension Patcher {
    /// ``ComponentKind/patcher``
    public static var kind: ComponentKind { .patcher }

    /// Patches the cases of the call at its locations and hands out the changes.
    public func perform(_ call: ComponentCall, in session: Session) throws {
        try session.emit(try patch(call.cases, at: call.locations, in: session).deltas)
    }
}

extension Session {
    /// Which carried state another patcher begins with.
    public enum CarriedState: Sendable {
        /// What was carried last, by an earlier call perhaps.
        case continued
        /// What there was when the caller itself began: earlier calls leave no trace.
        case anew
    }

    /// The changes that another patcher finds on a model, relative to that model, and what it recorded.
    ///
    /// - Throws: what the patcher throws.
    public func patch(
        _ cases: [EditCase], at locations: [Location], with component: ComponentReference, on model: Model,
        state: CarriedState = .continued
    ) throws(SutureError) -> (patch: Patch, scores: [Score]) {
        let results = try call(
            component, ComponentCall(.patch, cases: cases, locations: locations, startsAnew: state == .anew),
            on: model)
        return (Patch(results.deltas), results.scores)
    }
}
