// SPDX-License-Identifier: Apache-2.0

import CSuture
import Testing

@testable import SutureKit

private let plugin = PluginExport(
    id: "org.example.kinds", version: "1.2.0",
    components: [Finder.self, Changer.self, Counter.self, Marker.self, Rater.self, Tracer.self])

private struct Finder: Locator {
    static let descriptor = ComponentDescriptor(id: "finder", summary: "s", requires: [.prompt])
    @Parameter("layers", in: .nonNegative, help: "h") var layers = [1]
    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] {
        cases.flatMap { one in layers.map { Location(.neurons($0), caseIndex: one.index, score: 1, isSelected: true) } }
    }
}

private struct Changer: Patcher {
    static let descriptor = ComponentDescriptor(id: "changer", summary: "s")
    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        try session.record(Score("locations", Double(locations.count)))
        return Patch([Delta("w", .extension(PatchExtension(id: "org.example.x/1", settings: "{\"a\": 1}")))])
    }
}

private struct Counter: Evaluator {
    static let descriptor = ComponentDescriptor(id: "counter", summary: "s")
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        [Score(try session.stage, Double(cases.count + (try session.seed)))]
    }
    func summarize(_ scores: [Score]) throws -> [Metric] {
        [Metric("sum", scores.reduce(0) { $0 + $1.value }, unit: "", n: scores.count, direction: .none, protocol: "p")]
    }
}

private struct Marker: Annotator {
    static let descriptor = ComponentDescriptor(id: "marker", summary: "s")
    func annotate(_ texts: [MarkedText], in session: Session) throws -> [[Range<Int>]] {
        texts.map { [0..<$0.text.utf8.count] }
    }
}

private struct Rater: Judge {
    static let descriptor = ComponentDescriptor(id: "rater", summary: "s")
    func judge(_ texts: [MarkedText], in session: Session) throws -> [Double] { texts.map { Double($0.text.count) } }
}

/// Fits nothing, and says what it was asked: the stand-in host has no tensors to hand out.
private struct Tracer: Estimator {
    static let descriptor = ComponentDescriptor(id: "tracer", summary: "s")
    let memory = QueryMemory<[String]>()
    func prepare(_ queries: [MarkedText], in session: Session) throws -> [String] { queries.map(\.text) }
    func influence(of examples: [MarkedText], on queries: [String], in session: Session) throws -> Tensor {
        throw SutureError(.unimplemented, "\(examples.map(\.text)) on \(queries)")
    }
}

/// A plugin as a host sees it: through its C table alone.
@Suite("A plugin through its table", .serialized)
struct PluginTests {
    private let table: UnsafePointer<suture_plugin>

    init() throws {
        try StandInHost.install()
        table = try #require(plugin.entry(hostMajor: SUTURE_ABI_MAJOR))
    }

    /// Makes an instance and lets it perform a call.
    private func perform(_ id: String, _ call: ComponentCall, _ arguments: [Argument] = []) throws -> ComponentResults {
        let arena = CArena()
        let given = arena.make(suture_arguments.self) {
            $0.count = Int64(arguments.count)
            $0.items = arena.array(
                arguments.map { argument in
                    if case .text = argument {
                        argument.c("layers", .text, in: arena)
                    } else {
                        argument.c("layers", .integers, in: arena)
                    }
                })
        }
        var instance: OpaquePointer?
        let (create, destroy) = (try #require(table.pointee.create), try #require(table.pointee.destroy))
        let perform = try #require(table.pointee.call)
        try Host.check(create(id, call.operation.kind.rawValue, given, &instance))
        let made = try #require(instance)
        defer { destroy(made) }
        let results = ComponentResults(of: id, call)
        let sink = arena.value(results.sink)
        let session = try #require(OpaquePointer(bitPattern: 8))
        try Host.check(withExtendedLifetime(arena) { perform(made, session, call.c(in: arena), sink) })
        return results
    }

    private let cases = [EditCase(index: 0, id: "a"), EditCase(index: 5, id: "b")]

    @Test("The table says what the plugin offers, and refuses another major")
    func declarations() throws {
        #expect(plugin.entry(hostMajor: SUTURE_ABI_MAJOR + 1) == nil)
        #expect(table.pointee.component_count() == 6)
        let kinds = try (0..<6).map { try #require(table.pointee.component_at($0)).pointee.kind }
        #expect(kinds == ComponentKind.allCases.map(\.rawValue))
        #expect(table.pointee.component_at(6) == nil)
        #expect(table.pointee.component_at(-1) == nil)
    }

    @Test("Every operation of the table of kinds is performed, with what it reads and hands out")
    func operations() throws {
        let found = try perform("finder", ComponentCall(.locate, cases: cases), [.integers([3, 4])])
        #expect(found.locations.map(\.site) == [.neurons(3), .neurons(4), .neurons(3), .neurons(4)])
        #expect(found.locations.map(\.caseIndex) == [0, 0, 5, 5])
        let changed = try perform("changer", ComponentCall(.patch, cases: cases, locations: found.locations))
        #expect(changed.scores == [Score("locations", 4)])
        guard case .extension(let extra)? = changed.deltas.first?.form else {
            throw SutureError(.internal, "no change")
        }
        #expect(extra.id == "org.example.x/1")
        #expect(extra.settings == "{\"a\": 1}")
        let scored = try perform("counter", ComponentCall(.evaluate, stage: "after", cases: cases))
        #expect(scored.scores == [Score("after", 9)])
        let figures = try perform("counter", ComponentCall(.summarize, scores: scored.scores + scored.scores))
        #expect(figures.metrics.map(\.value) == [18])
        let texts = [MarkedText(text: "né"), MarkedText(text: "")]
        #expect(try perform("marker", ComponentCall(.annotate, texts: texts)).marks.map(\.bytes) == [0..<3, 0..<0])
        #expect(
            try perform("rater", ComponentCall(.judge, texts: texts)).scores
                == [Score("judgement", 2, caseIndex: 0), Score("judgement", 0, caseIndex: 1)])
        #expect(try perform("tracer", ComponentCall(.fit, stage: "pass-1", examples: texts)).tensors.isEmpty)
        #expect(try perform("tracer", ComponentCall(.trace, texts: texts)).tensors.isEmpty)
        #expect(throws: SutureError(.unimplemented, "[\"né\", \"\"] on [\"né\"]")) {
            try perform("tracer", ComponentCall(.trace, texts: [texts[0]], examples: texts))
        }
    }

    @Test("Unknown components, wrong arguments and operations of other kinds are refused in the component's words")
    func refusals() throws {
        #expect(throws: SutureError(.notFound, "this plugin has no component \"nobody\" of that kind")) {
            try perform("nobody", ComponentCall(.locate))
        }
        #expect(throws: SutureError(.invalidArgument, "finder takes 1 arguments, 0 were given")) {
            try perform("finder", ComponentCall(.locate))
        }
        #expect(throws: SutureError(.invalidArgument, "finder: layers must be a list of whole numbers")) {
            try perform("finder", ComponentCall(.locate), [.text("3")])
        }
    }

    @Test("What an operation may not hand out does not get through")
    func wrongResults() throws {
        let results = ComponentResults(of: "x", ComponentCall(.locate))
        let arena = CArena()
        let sink = try Foreign(arena.value(results.sink), in: "test")
        #expect(throws: SutureError.self) { try sink.hand([Score("a", 1)]) }
        #expect(results.scores.isEmpty)
        try withExtendedLifetime((arena, results)) { try sink.hand([Location(.logits, score: 1, isSelected: false)]) }
        #expect(results.locations.count == 1)
    }

    @Test("A function that the host lacks is named with both versions where it is used")
    func olderHost() throws {
        let table = StandInHost.sessionTable
        let later = ForeignFunctionRow("later", offset: MemoryLayout<suture_session_api>.size, minor: 99)
        let spoken = "2.\(SUTURE_ABI_MINOR)"
        #expect(
            throws: SutureError(
                .unimplemented,
                "the host speaks ABI \(spoken) and has no suture_session_api.later, which appeared in 2.99; this plugin "
                    + "was built for \(spoken)",
                hint: "use a newer host, or a version of the plugin that was built for this one")
        ) { try Host.require(later, of: table) }
        let seed = try #require(suture_session_api.functions.first { $0.name == "seed" })
        try Host.require(seed, of: table)
    }
}
