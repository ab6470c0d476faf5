// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Synchronization
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Plugins that slip", .serialized, .endsWhatHangs)
struct SlipTests {
    private let cases = [EditCase(index: 0, id: "1531", prompt: "{} is", subject: "Rome")]

    private func call(
        _ kind: ComponentKind, _ component: String, _ arguments: [ArgumentValue] = [],
        onEvent: @escaping @Sendable (WorkerEvent) -> Void = { _ in }
    ) async throws(RuntimeError) -> CallJob.Result {
        try await WorkerProcess(executable: Build.worker).run(
            CallJob(
                file: Build.library("slips"), kind: kind, component: component, arguments: arguments, cases: cases,
                texts: ["abc"]), onEvent: onEvent)
    }

    private func failure(
        _ kind: ComponentKind, _ component: String, _ arguments: [ArgumentValue] = []
    ) async throws -> RuntimeError {
        do {
            _ = try await call(kind, component, arguments)
        } catch { return error }
        throw RuntimeError(.run, "\(component) \(arguments) was let through")
    }

    // MARK: What comes out of a model

    @Test(
        "What comes out of a model is read-only, on whatever way, and the sentence says clone()",
        arguments: [
            "assign", "view", "transposed", "leaf", "overlay", "capture", "logits", "closure", "back",
        ])
    func readOnly(way: String) async throws {
        let error = try await failure(.patcher, "writer", [.text(way)])
        #expect(error.message.contains("the tensor is read-only"), "\(error.message)")
        #expect(error.hint.contains("clone()"))
    }

    @Test(
        "A clone can be changed, and what goes out by DLPack says that it is read-only", arguments: ["clone", "flag"])
    func allowed(way: String) async throws {
        _ = try await call(.patcher, "writer", [.text(way)])
    }

    @Test("A write through an address ends the worker, with plugin, operation and case")
    func rawWrite() async throws {
        let error = try await failure(.patcher, "writer", [.text("raw")])
        #expect(
            error.message
                == "the patcher \"writer\" of \(Build.library("slips")) wrote in patch (case \"1531\") into a tensor that is "
                + "read-only: a weight of the model, or what the host keeps for later cases")
        #expect(error.kind == .plugin && error.hint.contains("clone()"))
    }

    @Test("A write through an address into memory without protection is found after the call")
    func rawWriteIntoOverlay() async throws {
        let error = try await failure(.patcher, "writer", [.text("overlay raw")])
        #expect(error.kind == .plugin && error.hint.contains("clone()"))
        #expect(
            error.message.hasSuffix(
                "changed a weight of the model in patch (case \"1531\"), by an address that it got through DLPack"))
    }

    @Test(
        "What a run keeps for later cases is read-only too, and converted weights are protected",
        arguments: [
            ("moment", "float32", "the tensor is read-only", 1), ("carried", "float32", "the tensor is read-only", 1),
            ("assign", "bfloat16", "the tensor is read-only", 1), ("leaf", "float64", "the tensor is read-only", 1),
            ("raw", "bfloat16", "wrote in patch (2 cases, the first is \"0\")", 3),
        ] as [(String, String, String, Int32)])
    func inRuns(way: String, dtype: String, words: String, code: Int32) throws {
        let experiment = try SmallExperiment([
            "method": "{name: writer, way: \(way)}", "plugins": "[\(Build.library("slips"))]",
            "model": "{source: \(Repository.world.path)/model, dtype: \(dtype)}",
        ])
        let run = try experiment.run(["--allow-code"])
        #expect(run.code == code && run.errors.contains(words) && run.errors.contains("clone()"), "\(run.errors)")
    }

    // MARK: Structs

    @Test("Every struct of a wrong size is refused by its name, and so is NULL", arguments: [0, 8, -1])
    func sizes(bytes: Int) async throws {
        let answers = try await call(.evaluator, "sizes", [.integer(bytes)]).scores.map(\.name)
        let structs = [
            "tensor_info", "tensor_spec", "optimizer_options", "model_info", "projection", "forward", "forward_result",
            "capture", "intervention", "generation", "deltas", "delta", "named_tensor", "deltas", "call", "sink",
            "edit_case", "cases", "scalar",
        ]
        let places = [
            "info", "full", "optimizer_new", "suture_model_api.info", "suture_model_api.projection",
            "suture_model_api.forward", "suture_model_api.forward", "suture_forward.captures",
            "suture_forward.interventions", "suture_model_api.generate", "suture_model_api.apply", "suture_deltas",
            "suture_delta.tensors", "suture_session_api.report", "suture_session_api.call", "suture_session_api.call",
            "suture_cases", "suture_call.cases", "suture_function_api.call",
        ]
        #expect(answers.count == structs.count, "\(answers)")
        for (answer, (name, place)) in zip(answers, zip(structs, places)) {
            #expect(answer.hasPrefix("\(place): struct_size of suture_\(name) is "), "\(answer)")
        }
        let nothing = try await call(.evaluator, "nothing").scores.map(\.name)
        #expect(
            nothing == [
                "info: suture_tensor_info is NULL", "full: suture_tensor_spec is NULL",
                "suture_model_api.generate: suture_generation is NULL",
            ])
    }

    // MARK: Errors, texts, names

    @Test("A pointer that is no error is the plugin's fault", arguments: ["number", "text", "released", "twice"])
    func junkErrors(way: String) async throws {
        let error = try await failure(.patcher, "junk", [.text(way)])
        #expect(
            error
                == RuntimeError(
                    .plugin,
                    "the patcher \"junk\" of \(Build.library("slips")) returned from patch (case \"1531\") a pointer that is "
                        + "not an error of the host",
                    hint:
                        "a plugin returns NULL or what suture_host.error_new made, and each error once; report this to its "
                        + "author"))
    }

    @Test("A line for the log is cut with a note, however long it is")
    func longLine() async throws {
        let lines = Mutex<[String]>([])
        _ = try await call(.evaluator, "shouter", [.text("log"), .integer(50 << 20)]) { event in
            if case .log(_, let message) = event { lines.withLock { $0.append(message) } }
        }
        let line = try #require(lines.withLock { $0.first })
        #expect(line.hasSuffix("ä … (cut here: the text has \(50 << 20) bytes)"))
        #expect(line.utf8.count < 17_000 && !line.contains("\u{FFFD}"))
    }

    @Test("Errors are cut, and names that are no names are refused")
    func longTexts() async throws {
        let error = try await failure(.evaluator, "shouter", [.text("error"), .integer(8 << 20)])
        #expect(error.message.utf8.count < 17_000 && error.hint.utf8.count < 17_000)
        #expect(error.message.contains("(cut here: the text has \(8 << 20) bytes)"))
        let phase = try await failure(.evaluator, "shouter", [.text("phase"), .integer(8 << 20)])
        #expect(phase.message.contains("the phase of suture_session_api.progress has more than 1000 bytes"))
        let name = try await failure(.evaluator, "shouter", [.text("name"), .integer(8 << 20)])
        #expect(name.message.contains("suture_score.name has more than 1000 bytes"))
    }

    @Test("A line is found in a time that grows with its length")
    func longLineOfSocket() throws {
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let ends = pair
        Thread.detachNewThread {
            for text in [Data(repeating: 0x61, count: 16 << 20), Data("b".utf8), Data()] {
                LineSocket.send(text, to: ends[0])
            }
            close(ends[0])
        }
        defer { close(ends[1]) }
        var socket = LineSocket(ends[1])
        var sizes: [Int] = []
        while case .line(let line) = socket.receive(within: -1) { sizes.append(line.utf8.count) }
        #expect(sizes == [16 << 20, 1, 0])
    }

    @Test("A plugin without a version is refused by plan")
    func emptyVersion() async throws {
        let sentence = "\(Build.library("nameless")) has a broken table: suture_plugin.version is empty"
        #expect(try await Build.scan("nameless").problems.map(\.sentence) == [sentence])
    }

    // MARK: Results

    @Test(
        "Results that nobody asked for are refused by name, even if the plugin drops the refusal",
        arguments: [
            ("case", "stranger: the score \"score\" is of case 99, which is not among the cases of the call"),
            (
                "metric",
                "stranger: it handed out metrics, and the operation evaluate of an evaluator may hand out scores alone"
            ),
            (
                "delta",
                "stranger: it handed out deltas, and the operation evaluate of an evaluator may hand out scores alone"
            ),
            (
                "location",
                "stranger: it handed out locations, and the operation evaluate of an evaluator may hand out scores alone"
            ),
            ("nameless", "stranger: it handed out a score without a name"),
            ("weight", "stranger: the score \"score\" has the weight inf, which is not a number of observations"),
        ])
    func strangeResults(way: String, sentence: String) async throws {
        let error = try await failure(.evaluator, "stranger", [.text(way)])
        #expect(error == RuntimeError(.run, sentence, hint: "report this to its author"))
    }

    @Test("Marks beyond the texts are refused")
    func strangeMarks() async throws {
        #expect(
            try await failure(.annotator, "marker", [.integer(0)]).message
                == "marker: a mark ends at byte 1000 of text 0, which has 3")
        #expect(
            try await failure(.annotator, "marker", [.integer(7)]).message
                == "marker: a mark is in text 7, and the call has 1")
    }
}
