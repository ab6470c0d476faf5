// SPDX-License-Identifier: Apache-2.0

import CSuture

/// What a component handed out during one call.
package final class ComponentResults {
    package private(set) var locations: [Location] = []
    package private(set) var deltas: [Delta] = []
    package private(set) var scores: [Score] = []
    package private(set) var metrics: [Metric] = []
    package private(set) var marks: [Mark] = []

    /// Who is called, for sentences: "memit".
    private let component: String
    private let operation: Operation

    package init(of component: String, _ operation: Operation) {
        self.component = component
        self.operation = operation
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
        return sink
    }

    /// Hands everything on, in its order.
    package func pour(into sink: Foreign<suture_sink>) throws(SutureError) {
        try sink.hand(locations)
        try sink.hand(deltas)
        try sink.hand(scores)
        try sink.hand(metrics)
        try sink.hand(marks)
    }

    fileprivate func refuse(_ kind: ResultKinds) throws(SutureError) {
        guard !operation.emits.contains(kind) else { return }
        let allowed = operation.emits.names.joined(separator: " and ")
        throw SutureError(
            .invalidArgument,
            "\(component): it handed out \(kind.names.joined()), and the operation \(operation.name) of \(operation.kind.phrase) "
                + "may hand out \(allowed) alone",
            hint: "report this to its author")
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
        try results.refuse(kind)
        add(results, try Value(Foreign(value, in: place)))
    }
}

extension Foreign where Struct == suture_sink {
    func hand(_ locations: [Location]) throws(SutureError) { try hand(locations, to: pointer.pointee.location) }
    func hand(_ deltas: [Delta]) throws(SutureError) { try hand(deltas, to: pointer.pointee.delta) }
    func hand(_ scores: [Score]) throws(SutureError) { try hand(scores, to: pointer.pointee.score) }
    func hand(_ metrics: [Metric]) throws(SutureError) { try hand(metrics, to: pointer.pointee.metric) }
    func hand(_ marks: [Mark]) throws(SutureError) { try hand(marks, to: pointer.pointee.mark) }

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
