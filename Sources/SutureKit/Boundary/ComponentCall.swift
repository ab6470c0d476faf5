// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What a component is asked: an operation, and what it reads. The table of kinds says which lists an operation reads; the
/// others are empty.
///
/// Components do not see it: the protocol of their kind takes it apart.
public struct ComponentCall {
    /// What is asked.
    public var operation: Operation
    /// To measure or to edit; nil: the model that the caller was given itself. Borrowed.
    package var model: OpaquePointer?
    /// Which evaluation this is: "before", "after", "pass-2" …; empty outside evaluation.
    public var stage: String
    /// Of locators, patchers and evaluators.
    public var cases: [EditCase]
    /// Of patchers.
    public var locations: [Location]
    /// Of evaluators that summarize.
    public var scores: [Score]
    /// Of annotators and judges; of estimators, the queries.
    public var texts: [MarkedText]
    /// Training examples, of estimators.
    public var examples: [MarkedText]
    /// What is carried is, for this call, as it was when the caller began.
    public var startsAnew: Bool

    /// A call of an operation, with what it reads.
    public init(
        _ operation: Operation, stage: String = "", cases: [EditCase] = [], locations: [Location] = [],
        scores: [Score] = [], texts: [MarkedText] = [], examples: [MarkedText] = [], startsAnew: Bool = false
    ) {
        self.operation = operation
        self.stage = stage
        self.cases = cases
        self.locations = locations
        self.scores = scores
        self.texts = texts
        self.examples = examples
        self.startsAnew = startsAnew
    }
}

extension ComponentCall {
    /// - Throws: `unimplemented` for an operation that this side does not know.
    package init(_ c: Foreign<suture_call>) throws(SutureError) {
        guard let operation = Operation(rawValue: c.operation) else {
            throw SutureError(
                .unimplemented,
                "operation \(c.operation) is not one that ABI \(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR) has",
                hint: "use a plugin that is at least as new as the host")
        }
        self.init(operation, stage: c.stage.map { String(cString: $0) } ?? "")
        model = c.model
        startsAnew = c.flags & SUTURE_CALL_STATE_ANEW != 0
        if let list = c.cases { cases = try [EditCase](Foreign(list, in: "suture_call.cases")) }
        if let list = c.locations { locations = try [Location](Foreign(list, in: "suture_call.locations")) }
        if let list = c.scores { scores = try [Score](Foreign(list, in: "suture_call.scores")) }
        if let list = c.texts { texts = try [MarkedText](Foreign(list, in: "suture_call.texts")) }
        if let list = c.examples { examples = try [MarkedText](Foreign(list, in: "suture_call.examples")) }
    }

    /// Valid as long as the arena.
    package func c(in arena: CArena) -> UnsafePointer<suture_call> {
        arena.make(suture_call.self) {
            $0.operation = operation.rawValue
            $0.flags = startsAnew ? SUTURE_CALL_STATE_ANEW : 0
            $0.model = model
            $0.stage = stage.isEmpty ? nil : arena.string(stage)
            $0.cases = operation.reads.contains(.cases) ? cases.c(in: arena, as: suture_cases.self) : nil
            $0.locations =
                operation.reads.contains(.locations)
                ? locations.c(in: arena, as: suture_locations.self) : nil
            $0.scores = operation.reads.contains(.scores) ? scores.c(in: arena, as: suture_scores.self) : nil
            $0.texts = operation.reads.contains(.texts) ? texts.c(in: arena, as: suture_texts.self) : nil
            $0.examples = operation.reads.contains(.examples) ? examples.c(in: arena, as: suture_texts.self) : nil
        }
    }
}
