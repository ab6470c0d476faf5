// SPDX-License-Identifier: Apache-2.0

import CSuture
import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Plugins that misbehave", .serialized, .endsWhatHangs)
struct WorkerFaultTests {
    private let cases = [EditCase(index: 0, id: "1531", prompt: "{} is", subject: "Rome")]

    /// The error of a call of a patcher of a fault plugin in a worker.
    private func failure(_ library: String, _ component: String, cases: [EditCase]? = nil) async -> RuntimeError? {
        let job = CallJob(
            file: Build.library(library), kind: .patcher, component: component, cases: cases ?? self.cases)
        do {
            _ = try await WorkerProcess(executable: Build.worker).run(job)
            return nil
        } catch {
            return error
        }
    }

    @Test("A plugin that dereferences null is named with the operation and the case, and the host lives")
    func dereferencesNull() async {
        #expect(
            await failure("crash", "null")
                == RuntimeError(
                    .plugin,
                    "the patcher \"null\" of \(Build.library("crash")) crashed in patch (case \"1531\"): SIGSEGV, it read "
                        + "or wrote memory that is not its own, or its stack overflowed",
                    hint: "run without this plugin, and report this to its author"))
    }

    @Test("A call of many cases is named with their number and the first")
    func namesManyCases() async throws {
        let many = (0..<3).map { EditCase(index: $0, id: "case-\($0)") }
        let error = try #require(await failure("crash", "null", cases: many))
        #expect(error.message.contains("crashed in patch (3 cases, the first is \"case-0\"): SIGSEGV"))
    }

    @Test("A plugin that never returns is ended after the limit and named")
    func neverReturns() async {
        // The clock moves when the plugin is called, and not before: a slow machine cannot make the load look stuck.
        let clock = HandClock()
        let worker = WorkerProcess(
            executable: Build.worker, limits: .init(stallSeconds: 1.5), now: { clock.now })
        let job = CallJob(file: Build.library("crash"), kind: .patcher, component: "loop", cases: cases)
        await #expect(
            throws: RuntimeError(
                .plugin,
                "the patcher \"loop\" of \(Build.library("crash")) never returned from patch (case \"1531\"): no sign "
                    + "of life for 1.5 s",
                hint:
                    "give it more time if it is only slow (limits.stall_seconds, or --stall-seconds of `plugins check`); otherwise "
                    + "report this to its author")
        ) {
            _ = try await worker.run(job) { event in
                if case .enter(let call) = event, call.operation == "patch" { clock.advance(by: .seconds(1.6)) }
            }
        }
    }

    @Test("A plugin that is slow and says so is not ended")
    func slowIsNotStuck() async {
        let clock = HandClock()
        let worker = WorkerProcess(
            executable: Build.worker, limits: .init(stallSeconds: 1.5), now: { clock.now })
        let once = Once()
        let job = CallJob(file: Build.library("steps"), kind: .patcher, component: "endless", cases: cases)
        await #expect(throws: RuntimeError(.interrupted, "the run was interrupted")) {
            _ = try await worker.run(job) { event in
                // No sign of life is late, and together they take longer than the limit.
                clock.advance(by: .seconds(1.4))
                if case .phase = event, clock.elapsed > .seconds(15) { once { worker.cancel() } }
            }
        }
    }

    @Test("An exception that leaves a plugin becomes an error with its text")
    func throwsException() async {
        #expect(
            await failure("crash", "throw")
                == RuntimeError(
                    .plugin,
                    "the patcher \"throw\" of \(Build.library("crash")) let a C++ exception out of patch (case \"1531\"): "
                        + "the matrix is singular",
                    hint: "a plugin must catch its exceptions and return an error; report this to its author"))
    }

    @Test(
        "Exceptions are caught wherever they leave a plugin, whatever they carry",
        arguments: [
            ("throw_odd", "out of patch (case \"1531\"): an exception without a text"),
            ("throw_native", "out of patch (case \"1531\"): out of a native function"),
            ("throw_create", "out of create: cannot be made"),
        ])
    func throwsElsewhere(component: String, words: String) async throws {
        let error = try #require(await failure("crash", component))
        #expect(error.kind == .plugin)
        #expect(error.message.hasSuffix(words))
    }

    @Test("A plugin of another major version is refused with both versions")
    func otherMajor() async {
        #expect(
            await failure("major", "any")
                == RuntimeError(
                    .plugin,
                    "\(Build.library("major")) speaks version \(SUTURE_ABI_MAJOR + 1).4 of the plugin ABI, and this host speaks version \(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR)",
                    hint: "rebuild it with this host's headers, or use the host that it was made for"))
    }

    @Test("A plugin that ends the process is named with its exit code")
    func exits() async {
        #expect(
            await failure("crash", "exit")
                == RuntimeError(
                    .plugin,
                    "the patcher \"exit\" of \(Build.library("crash")) ended the process in patch (case \"1531\"): exit "
                        + "code 7",
                    hint: "a plugin must return an error and never call exit; report this to its author"))
    }

    @Test(
        "Every deadly signal has a sentence",
        arguments: [("crash", "abort", "SIGABRT, it gave up"), ("swift", "trapper", ", it ran into a trap")])
    func signals(library: String, component: String, words: String) async throws {
        let error = try #require(await failure(library, component))
        #expect(error.kind == .plugin)
        #expect(error.message.contains(words))
        #expect(error.message.contains("the patcher \"\(component)\" of \(Build.library(library)) crashed in patch"))
    }

    @Test("An error that a plugin returns is the run's failure, under the name of the component")
    func returnsError() async {
        #expect(
            await failure("swift", "thrower")
                == RuntimeError(.run, "thrower: an error of the plugin's own"))
    }

    @Test("A library that crashes while it is loaded is named")
    func crashesAtLoad() async {
        #expect(
            await failure("load", "any")
                == RuntimeError(
                    .plugin,
                    "\(Build.library("load")) crashed in load: SIGSEGV, it read or wrote memory that is not its own, or its "
                        + "stack overflowed",
                    hint: "move the file out of the plugin folders, and report this to its author"))
    }
}
