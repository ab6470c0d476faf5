// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What a component handed out during one call.
package final class ComponentResults {
    package private(set) var locations: [Location] = []
    package private(set) var deltas: [Delta] = []
    package private(set) var scores: [Score] = []
    package private(set) var metrics: [Metric] = []
    package private(set) var marks: [Mark] = []
    package private(set) var tensors: [NamedTensor] = []

    /// Who is called, for sentences: "memit".
    private let component: String
    private let operation: Operation
    /// The cases that results may name; nil: any.
    private let cases: Set<Int>?
    /// The texts that results may name.
    private let texts: [MarkedText]
    /// The first result that was refused. A component that does not hand the refusal on has lost a result.
    package private(set) var refusal: SutureError?

    /// - Parameter acceptsAnyCase: whether results may name cases that the call does not have.
    package init(of component: String, _ call: ComponentCall, acceptsAnyCase: Bool = false) {
        self.component = component
        operation = call.operation
        cases = acceptsAnyCase ? nil : Set(call.cases.map(\.index))
        texts = call.texts
    }

    /// Takes the scores that were handed out so far away: they belong to a report.
    package func takeScores() -> [Score] {
        defer { scores = [] }
        return scores
    }

    /// Adds figures that the host made itself.
    package func add(_ metrics: [Metric]) { self.metrics += metrics }

    /// A sink that fills these results. It refuses what the operation may not hand out. Valid as long as this object.
    package var sink: suture_sink {
        var sink = suture_sink()
        sink.struct_size = MemoryLayout<suture_sink>.size
        sink.context = Unmanaged.passUnretained(self).toOpaque()
        sink.location = { context, value in
            receive(context, value, .locations, "suture_sink.location") { (results, location: Location) in
                results.locations.append(location)
            }
        }
        sink.delta = { context, value in
            receive(context, value, .deltas, "suture_sink.delta") { (results, delta: Delta) in
                results.deltas.append(delta)
            }
        }
        sink.score = { context, value in
            receive(context, value, .scores, "suture_sink.score") { (results, score: Score) in
                results.scores.append(score)
            }
        }
        sink.metric = { context, value in
            receive(context, value, .metrics, "suture_sink.metric") { (results, metric: Metric) in
                results.metrics.append(metric)
            }
        }
        sink.mark = { context, value in
            receive(context, value, .marks, "suture_sink.mark") { (results, mark: Mark) in
                results.marks.append(mark)
            }
        }
        sink.tensor = { context, value in
            receive(context, value, .tensors, "suture_sink.tensor") { (results, tensor: NamedTensor) in
                results.tensors.append(tensor)
            }
        }
        return sink
    }

    /// Hands everything on, in its order.
    package func pour(into sink: Foreign<suture_sink>) throws(SutureError) {
        try sink.hand(locations)
        try sink.hand(deltas)
        try sink.hand(scores)
        try sink.hand(metrics)
        try sink.hand(marks)
        try sink.hand(tensors)
    }

    /// Adds a result, or refuses it.
    fileprivate func take<Value: Crossing>(
        _ kind: ResultKinds, _ add: (ComponentResults, Value) -> Void,
        _ read: () throws(SutureError) -> Value
    ) throws(SutureError) {
        do throws(SutureError) {
            guard operation.emits.contains(kind) else {
                let allowed = operation.emits.names.joined(separator: " and ")
                throw wrong(
                    "it handed out \(kind.names.joined()), and the operation \(operation.name) of \(operation.kind.phrase) "
                        + "may hand out \(allowed) alone")
            }
            let value = try read()
            if let complaint = complaint(about: value) { throw wrong(complaint) }
            add(self, value)
        } catch {
            if refusal == nil { refusal = error }
            throw error
        }
    }

    private func wrong(_ what: String) -> SutureError {
        SutureError(.invalidArgument, "\(component): \(what)", hint: "report this to its author")
    }

    /// What makes no sense about a result; nil: nothing. Figures that are not finite do make sense.
    private func complaint(about value: some Crossing) -> String? {
        switch value {
        case let score as Score:
            if score.name.isEmpty { return "it handed out a score without a name" }
            guard score.weight.isFinite, score.weight >= 0 else {
                return
                    "the score \"\(score.name)\" has the weight \(score.weight), which is not a number of observations"
            }
            if operation == .judge {
                guard let text = score.caseIndex, texts.indices.contains(text) else {
                    return
                        "the score \"\(score.name)\" is of text \(score.caseIndex ?? -1), and the call has \(texts.count)"
                }
                return nil
            }
            return unknownCase(score.caseIndex).map { "the score \"\(score.name)\" is of \($0)" }
        case let metric as Metric:
            if metric.name.isEmpty { return "it handed out a figure without a name" }
            return metric.n < 0 ? "the figure \"\(metric.name)\" rests on \(metric.n) observations" : nil
        case let tensor as NamedTensor: return tensor.name.isEmpty ? "it handed out a tensor without a name" : nil
        case let location as Location: return unknownCase(location.caseIndex).map { "a location is of \($0)" }
        case let mark as Mark:
            guard texts.indices.contains(mark.text) else {
                return "a mark is in text \(mark.text), and the call has \(texts.count)"
            }
            let size = texts[mark.text].text.utf8.count
            guard mark.bytes.upperBound > size else { return nil }
            return "a mark ends at byte \(mark.bytes.upperBound) of text \(mark.text), which has \(size)"
        default: return nil
        }
    }

    private func unknownCase(_ index: Int?) -> String? {
        guard let index, let cases, !cases.contains(index) else { return nil }
        return "case \(index), which is not among the cases of the call"
    }
}

/// Reads what was handed to a sink and adds it to the results.
private func receive<Value: Crossing>(
    _ context: UnsafeMutableRawPointer?, _ value: UnsafePointer<Value.C>, _ kind: ResultKinds, _ place: String,
    _ add: (ComponentResults, Value) -> Void
) -> OpaquePointer? {
    Host.returningError {
        guard let context else { throw SutureError(.invalidArgument, "\(place) was called without its context") }
        let results = Unmanaged<ComponentResults>.fromOpaque(context).takeUnretainedValue()
        try results.take(kind, add) { () throws(SutureError) in try Value(Foreign(value, in: place)) }
    }
}

extension Foreign where Struct == suture_sink {
    func hand(_ locations: [Location]) throws(SutureError) { try hand(locations, to: pointer.pointee.location) }
    func hand(_ deltas: [Delta]) throws(SutureError) { try hand(deltas, to: pointer.pointee.delta) }
    func hand(_ scores: [Score]) throws(SutureError) { try hand(scores, to: pointer.pointee.score) }
    func hand(_ metrics: [Metric]) throws(SutureError) { try hand(metrics, to: pointer.pointee.metric) }
    func hand(_ marks: [Mark]) throws(SutureError) { try hand(marks, to: pointer.pointee.mark) }
    func hand(_ tensors: [NamedTensor]) throws(SutureError) {
        guard !tensors.isEmpty else { return }
        try Host.require(suture_sink.Later.tensor, of: pointer)
        try hand(tensors, to: pointer.pointee.tensor)
    }

    /// Hands values to one function of the sink; a NULL function drops them.
    private func hand<Value: Crossing>(
        _ values: [Value], to receive: ((UnsafeMutableRawPointer?, UnsafePointer<Value.C>) -> OpaquePointer?)?
    ) throws(SutureError) {
        guard !values.isEmpty, let receive else { return }
        let arena = CArena()
        for value in values {
            try Host.check(withExtendedLifetime((arena, value)) { receive(context, value.c(in: arena)) })
        }
    }
}
