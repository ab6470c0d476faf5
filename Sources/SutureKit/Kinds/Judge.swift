// SPDX-License-Identifier: Apache-2.0

/// Answers "how good is this text?". Used by methods and evaluators that take one as a setting.
public protocol Judge: Component {
    /// One number for each text, in their order. The judge documents what it means; larger is better.
    ///
    /// - Parameter texts: what followed a prompt.
    func judge(_ texts: [MarkedText], in session: Session) throws -> [Double]
}

extension Judge {
    /// ``ComponentKind/judge``
    public static var kind: ComponentKind { .judge }

    /// Judges the texts of the call and hands out one score for each.
    ///
    /// - Throws: `internal` where the judge does not give one number for each text.
    public func perform(_ call: ComponentCall, in session: Session) throws {
        let values = try judge(call.texts, in: session)
        guard values.count == call.texts.count else {
            throw SutureError(
                .internal, "\(Self.descriptor.id) judged \(values.count) of \(call.texts.count) texts",
                hint: "report this to its author")
        }
        try session.emit(values.enumerated().map { Score("judgement", $1, caseIndex: $0) })
    }
}

extension Session {
    /// One number for each text, in their order.
    ///
    /// - Throws: what the judge throws; `dataLoss` where it leaves a text out.
    public func judge(_ texts: [MarkedText], with component: ComponentReference) throws(SutureError) -> [Double] {
        var values = [Double?](repeating: nil, count: texts.count)
        for score in try call(component, ComponentCall(.judge, texts: texts), on: nil).scores {
            if let text = score.caseIndex, values.indices.contains(text) { values[text] = score.value }
        }
        let judged = values.compactMap(\.self)
        guard judged.count == texts.count else {
            throw SutureError(
                .dataLoss,
                "the judge in the setting \"\(component.slot)\" judged \(judged.count) of \(texts.count) texts",
                hint: "report this to its author")
        }
        return judged
    }
}
