// SPDX-License-Identifier: Apache-2.0

/// Answers "how good is it?".
///
/// The host calls ``evaluate(_:in:)`` with some of the cases at a time, before and after the edit, and ``summarize(_:)`` once
/// per stage with the scores of all of them. So an interrupted run resumes where it stopped.
public protocol Evaluator: Component {
    /// Measures ``Session/model`` on these cases. Without cases: what concerns the run as a whole (a text file, say).
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score]
    /// Turns all scores of a stage into figures.
    func summarize(_ scores: [Score]) throws -> [Metric]
}

extension Evaluator {
    /// ``ComponentKind/evaluator``
    public static var kind: ComponentKind { .evaluator }

    /// Evaluates the cases of the call, or summarizes its scores, and hands out the scores or the figures.
    public func perform(_ call: ComponentCall, in session: Session) throws {
        switch call.operation {
        case .summarize: try session.emit(try summarize(call.scores))
        default: try session.emit(try evaluate(call.cases, in: session))
        }
    }
}

extension Session {
    /// The figures that another evaluator finds for a model: on the cases, and on what concerns the run as a whole. Nothing is
    /// written down.
    ///
    /// - Throws: what the evaluator throws.
    public func evaluate(
        _ cases: [EditCase], with component: ComponentReference, on model: Model, stage: String
    ) throws(SutureError) -> [Metric] {
        var scores = try call(component, ComponentCall(.evaluate, stage: stage, cases: cases), on: model).scores
        if !cases.isEmpty { scores += try call(component, ComponentCall(.evaluate, stage: stage), on: model).scores }
        return try call(component, ComponentCall(.summarize, stage: stage, scores: scores), on: model).metrics
    }
}
