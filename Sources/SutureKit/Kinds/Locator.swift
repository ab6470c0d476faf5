// SPDX-License-Identifier: Apache-2.0

/// Answers "where does this behaviour live?".
public protocol Locator: Component {
    /// Measures, and marks the locations at which a patcher is to write as selected.
    func locate(_ cases: [EditCase], in session: Session) throws -> [Location]
}

extension Locator {
    /// ``ComponentKind/locator``
    public static var kind: ComponentKind { .locator }

    /// Locates the cases of the call and hands out the locations.
    public func perform(_ call: ComponentCall, in session: Session) throws {
        try session.emit(try locate(call.cases, in: session))
    }
}

extension Session {
    /// The locations that another locator finds on a model.
    ///
    /// - Throws: what the locator throws.
    public func locate(
        _ cases: [EditCase], with component: ComponentReference, on model: Model
    ) throws(SutureError) -> [Location] {
        try call(component, ComponentCall(.locate, cases: cases), on: model).locations
    }
}
