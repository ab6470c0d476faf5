// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Calls of components", .serialized, .endsWhatHangs)
struct LoadedComponentTests {
    private let cases = [
        EditCase(index: 0, id: "a", prompt: "{} is in", subject: "Rome", targetNew: "France"),
        EditCase(index: 4, id: "b", prompt: "{} was born", subject: "Ada", paraphrasePrompts: ["x", "y"]),
    ]

    private func call(
        _ library: String, _ kind: ComponentKind, _ component: String, _ arguments: [ArgumentValue] = [],
        seed: Int = 0
    ) async throws(RuntimeError) -> CallJob.Result {
        try await WorkerProcess(executable: Build.worker).run(
            CallJob(
                file: Build.library(library), kind: kind, component: component, arguments: arguments, cases: cases,
                seed: seed))
    }

    @Test("A native component receives values of every type in their places")
    func nativeArguments() async throws {
        let result = try await call(
            "native", .evaluator, "echo", [.number(-2.5), .integer(1 << 40), .boolean(true), .text("über")])
        #expect(
            result.scores.map(\.name) == ["number", "integer", "boolean", "über", "cases", "other lists"])
        #expect(result.scores.map(\.value) == [-2.5, Double(1 << 40), 1, 1, 2, 0])
    }

    @Test("An optional text that is absent arrives as NULL, a whole number where a number is declared as a number")
    func nativeAbsence() async throws {
        let result = try await call(
            "native", .evaluator, "echo", [.integer(7), .integer(-1), .boolean(false), .null])
        #expect(result.scores.map(\.name)[3] == "no text")
        #expect(result.scores.map(\.value).prefix(3) == [7, -1, 0])
    }

    @Test("The metrics of a native evaluator are the means of its scores, in the order of their names")
    func nativeMetrics() async throws {
        let metrics = try await call("native", .evaluator, "lengths").metrics
        #expect(metrics.map(\.name) == ["index", "done"])
        #expect(metrics[0].value == 2)
        #expect(metrics[0].n == 2)
        #expect(metrics[0].standardError == 2)
        #expect(metrics[0].protocol == "native")
        #expect(metrics[0].unit == "")
        #expect(metrics[0].direction == .none)
        #expect(metrics[1].standardError == nil)
    }

    @Test("An error that a native component returns keeps its sentence and its hint")
    func nativeError() async {
        await #expect(throws: RuntimeError(.run, "refuse: the sky is falling", hint: "choose another")) {
            try await call("native", .patcher, "refuse", [.text("the sky is falling")])
        }
    }

    @Test("A Swift locator's locations arrive")
    func locator() async throws {
        let result = try await call("swift", .locator, "marker", [.integers([3, 5])])
        #expect(
            result.locations.map(\.site.description) == [
                "blocks.3.neurons", "blocks.5.neurons", "blocks.3.neurons", "blocks.5.neurons",
            ])
        #expect(result.locations.map(\.caseIndex) == [0, 0, 4, 4])
        #expect(result.locations.map(\.score) == [1.5, 2.5, 1.5, 2.5])
        #expect(result.locations.allSatisfy { $0.isSelected })
    }

    @Test("A Swift patcher's factors arrive as factors, with arguments of every list type")
    func patcher() async throws {
        let result = try await call(
            "swift", .patcher, "filler",
            [
                .text("h.0.weight"), .numbers([1, 2]), .integers([4, 8]), .number(0.5),
                .textGroups([["a"], [], ["b", "c"]]),
            ])
        let change = try #require(result.changes.first)
        #expect(change.parameter == "h.0.weight")
        #expect(change.form == .lowRank)
        #expect(change.tensors.map(\.shape) == [[2, 1], [1, 2]])
        #expect(change.tensors.map(\.values) == [[0.5, 1], [4, 8]])
    }

    @Test("A part of a patch that is no change of a weight arrives with its name, settings and tensors")
    func patchExtension() async throws {
        let change = try #require(try await call("swift", .patcher, "extender").changes.first)
        #expect(change.form == nil)
        #expect(change.extension == ["org.example.vector/1", "{\"layer\": 3}"])
        #expect(change.tensors.map(\.values) == [[1, 2]])
    }

    @Test("A library that is not the planned one any more is refused with both digests")
    func replacedLibrary() async throws {
        try await Build.withFolder { folder in
            let file = folder + "/libx.so"
            try FileManager.default.copyItem(atPath: Build.library("twin"), toPath: file)
            let planned = try Digest.ofFile(file)
            func call() async throws(RuntimeError) -> CallJob.Result {
                try await WorkerProcess(executable: Build.worker).run(
                    CallJob(file: file, kind: .evaluator, component: "echo", cases: cases, digest: planned))
            }
            #expect(try await call().scores.isEmpty)
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.copyItem(atPath: Build.library("native"), toPath: file)
            let now = try Digest.ofFile(file)
            await #expect(
                throws: RuntimeError(
                    .plugin,
                    "\(file) is not the file that was planned: its SHA-256 was \(planned.prefix(12))… and is "
                        + "\(now.prefix(12))…",
                    hint: "start the run anew with this plugin, or put the old one back")
            ) { try await call() }
        }
    }

    @Test("A Swift evaluator evaluates, and summarizes what it scored")
    func evaluator() async throws {
        let result = try await call("swift", .evaluator, "meter", seed: 100)
        #expect(result.scores.map(\.value) == [108, 111])
        #expect(result.metrics.map(\.value) == [109.5])
        #expect(result.metrics[0].unit == "letters")
    }

    @Test("Annotators mark texts: a Swift one and a native one")
    func annotators() async throws {
        func marks(
            _ library: String, _ id: String, _ arguments: [ArgumentValue]
        ) async throws -> [[Int]] {
            let job = CallJob(
                file: Build.library(library), kind: .annotator, component: id, arguments: arguments,
                texts: ["é, banana", "ana"])
            return try await WorkerProcess(executable: Build.worker).run(job).marks
                .map { [$0.text, $0.bytes.lowerBound, $0.bytes.upperBound] }
        }
        #expect(try await marks("swift", "finder", [.text("ana")]) == [[0, 5, 8], [0, 7, 10], [1, 0, 3]])
        #expect(try await marks("native", "head", [.integer(2)]) == [[0, 0, 2], [1, 0, 2]])
    }

    @Test("Arguments that contradict each other are the experiment's fault, in the component's words")
    func refusedArguments() async {
        await #expect(
            throws: RuntimeError(
                .usage, "refuser: `first` must be below `second`, got 2 and 1", hint: "swap them")
        ) { try await call("swift", .patcher, "refuser", [.integer(2), .integer(1)]) }
    }

    @Test("Too few arguments, and arguments of another type, are refused before the plugin sees them")
    func wrongArguments() async {
        await #expect(throws: RuntimeError(.usage, "refuser takes 2 arguments, 1 were given")) {
            try await call("swift", .patcher, "refuser", [.integer(2)])
        }
        await #expect(throws: RuntimeError(.usage, "refuser: second must be a whole number")) {
            try await call("swift", .patcher, "refuser", [.integer(2), .text("1")])
        }
        await #expect(throws: RuntimeError(.usage, "echo: boolean must be true or false")) {
            try await call("native", .evaluator, "echo", [.number(1), .integer(1), .integer(1), .null])
        }
    }

    @Test("A component of longer structs is called")
    func longerStructs() async throws {
        let result = try await call("long", .evaluator, "future", [.integer(9)])
        #expect(result.scores.map(\.value) == [9])
        #expect(result.metrics.map(\.value) == [1])
    }

    @Test(
        "A struct that ends before its first fields is refused by name, whoever made it",
        arguments: [
            (ComponentKind.evaluator, "empty", "suture_sink.score: struct_size of suture_score is 0"),
            (.locator, "terse", "suture_sink.location: struct_size of suture_location is 48"),
            (.locator, "brief", "struct_size of suture_parameter is 32"),
        ])
    func shortStructs(kind: ComponentKind, id: String, words: String) async throws {
        do {
            _ = try await call("short", kind, id)
            Issue.record("\(id) was called")
        } catch {
            #expect(error.message.contains(words), "\(error.message)")
        }
    }

    @Test("What an operation may not hand out is refused with what it may")
    func wrongKindOfResult() async {
        await #expect(
            throws: RuntimeError(
                .run,
                "mislabel: it handed out metrics, and the operation patch of a patcher may hand out deltas and scores "
                    + "alone", hint: "report this to its author")
        ) { try await call("native", .patcher, "mislabel") }
    }

    @Test("A component that a library does not have is named")
    func noSuchComponent() async {
        await #expect(
            throws: RuntimeError(
                .plugin, "\(Build.library("native")) offers no locator \"echo\"",
                hint: "start the run anew, so that plugins are looked for again")
        ) { try await call("native", .locator, "echo") }
    }
}
