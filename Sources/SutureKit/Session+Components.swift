// SPDX-License-Identifier: Apache-2.0

import CSuture

// Calls of the components that an experiment file names as settings of this one. Each runs in a session of its own: on the
// given model, with a store and settings of its own. An error of theirs is thrown here.
extension Session {
    /// Which carried state another patcher begins with.
    public enum CarriedState: Sendable {
        /// What was carried last, by an earlier call perhaps.
        case continued
        /// What there was when the caller itself began: earlier calls leave no trace.
        case anew
    }

    public func locate(
        _ cases: [EditCase], with component: ComponentReference, on model: Model
    ) throws(SutureError) -> [Location] {
        let arena = CArena()
        return try call(component, arena) {
            $0.model = model.handle
            $0.cases = cases.c(in: arena)
        }.locations
    }

    /// The changes that another patcher finds on a model, relative to that model, and what it recorded.
    public func patch(
        _ cases: [EditCase], at locations: [Location], with component: ComponentReference, on model: Model,
        state: CarriedState = .continued
    ) throws(SutureError) -> (patch: Patch, scores: [Score]) {
        let arena = CArena()
        let results = try call(component, arena) {
            $0.model = model.handle
            $0.cases = cases.c(in: arena)
            $0.locations = locations.c(in: arena)
            $0.flags = state == .anew ? SUTURE_CALL_STATE_ANEW : 0
        }
        if let error = results.error { throw error }
        return (Patch(results.deltas), results.scores)
    }

    /// The figures that another evaluator finds for a model. Nothing is written down.
    public func evaluate(
        _ cases: [EditCase], with component: ComponentReference, on model: Model, stage: String
    ) throws(SutureError) -> [Metric] {
        let arena = CArena()
        return try call(component, arena) {
            $0.model = model.handle
            $0.cases = cases.c(in: arena)
            $0.stage = arena.string(stage)
        }.metrics
    }

    /// The unwanted parts of each text, ascending, as ranges of bytes.
    public func annotate(
        _ texts: [MarkedText], with component: ComponentReference
    ) throws(SutureError) -> [[Range<Int>]] {
        let arena = CArena()
        var marks = [[Range<Int>]](repeating: [], count: texts.count)
        for mark in try call(component, arena, { $0.texts = texts.c(in: arena) }).marks {
            guard texts.indices.contains(mark.text), mark.bytes.upperBound <= texts[mark.text].text.utf8.count,
                mark.bytes.lowerBound >= 0
            else {
                throw SutureError(
                    .outOfRange, "an annotator marked the bytes \(mark.bytes) of text \(mark.text), which do not exist",
                    hint: "report this to its author")
            }
            marks[mark.text].append(mark.bytes)
        }
        return marks.map { $0.sorted { $0.lowerBound < $1.lowerBound } }
    }

    private func call(
        _ component: ComponentReference, _ arena: CArena, _ fill: (inout suture_call) -> Void
    ) throws(SutureError) -> ComponentResults {
        var call = suture_call(
            struct_size: MemoryLayout<suture_call>.size, flags: 0, reserved: 0, model: nil, stage: nil, cases: nil,
            locations: nil, texts: nil)
        fill(&call)
        let results = ComponentResults()
        var sink = results.sink
        let table = try Host.sessions()
        let error = withExtendedLifetime((arena, results)) { table.pointee.call(handle, component.slot, &call, &sink) }
        try Host.check(error)
        return results
    }
}

/// What a called component handed out.
private final class ComponentResults {
    var locations: [Location] = []
    var deltas: [Delta] = []
    var scores: [Score] = []
    var metrics: [Metric] = []
    var marks: [Mark] = []
    /// A change that could not be read.
    var error: SutureError?

    /// Valid as long as this object.
    var sink: suture_sink {
        suture_sink(
            struct_size: MemoryLayout<suture_sink>.size, context: Unmanaged.passUnretained(self).toOpaque(),
            location: { context, value in
                if let location = Location(value) { ComponentResults.at(context)?.locations.append(location) }
            },
            delta: { context, value in
                let results = ComponentResults.at(context)
                do {
                    results?.deltas.append(try Delta(value))
                } catch {
                    results?.error = SutureError(error)
                }
            },
            score: { ComponentResults.at($0)?.scores.append(Score($1)) },
            metric: { ComponentResults.at($0)?.metrics.append(Metric($1)) },
            mark: { ComponentResults.at($0)?.marks.append(Mark($1)) })
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> ComponentResults? {
        context.map { Unmanaged<ComponentResults>.fromOpaque($0).takeUnretainedValue() }
    }
}
