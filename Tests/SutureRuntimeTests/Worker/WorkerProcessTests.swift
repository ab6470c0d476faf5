// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Synchronization
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("The worker process", .serialized, .endsWhatHangs)
struct WorkerProcessTests {
    /// A job for a component that misbehaves: it never returns (`loop`, which says nothing), or works without end and says
    /// so at every step (`endless`), or works in three steps (`steps`).
    private func job(_ component: String) -> CallJob {
        CallJob(
            file: Build.library(component == "loop" ? "crash" : "steps"), kind: .patcher, component: component,
            cases: [EditCase(index: 0, id: "x")])
    }

    private final class Events: Sendable {
        private let all = Mutex<[WorkerEvent]>([])
        func append(_ event: WorkerEvent) { all.withLock { $0.append(event) } }
        var list: [WorkerEvent] { all.withLock(\.self) }
    }

    @Test("A worker tells its phases and its calls into plugins")
    func events() async throws {
        let events = Events()
        _ = try await WorkerProcess(executable: Build.worker).run(job("steps")) { events.append($0) }
        let file = Build.library("steps")
        func call(_ operation: String, _ cases: Int) -> WorkerEvent {
            .enter(
                PluginCall(
                    file: file, operation: operation, kind: .patcher, component: "steps",
                    firstCase: cases > 0 ? "x" : nil, caseCount: cases))
        }
        let calls = events.list.filter {
            switch $0 {
            case .enter, .leave: true
            default: false
            }
        }
        let load = WorkerEvent.enter(PluginCall(file: file, operation: "load"))
        #expect(
            calls == [
                load, .leave, load, .leave, load, .leave, .enter(PluginCall(file: file, operation: "start")), .leave,
                call("create", 0), .leave, call("patch", 1), .leave, call("destroy", 0), .leave,
            ])
        #expect(events.list.contains(.phase(name: "steps", done: 0, total: 3)))
    }

    @Test("A worker whose plugin computes through the host gives signs of life")
    func signsOfLife() async throws {
        let worker = WorkerProcess(executable: Build.worker)
        let once = Once()
        // Without such a sign the job has no end, and the time limit of the suite does.
        await #expect(throws: RuntimeError(.interrupted, "the run was interrupted")) {
            _ = try await worker.run(job("endless")) { event in
                if case .activity = event { once { worker.cancel() } }
            }
        }
    }

    @Test("A plugin's log lines arrive with their level")
    func logs() async throws {
        let events = Events()
        let job = CallJob(
            file: Build.library("swift"), kind: .patcher, component: "filler",
            arguments: [.text("w"), .numbers([1]), .numbers([1]), .null, .textGroups([["a"], [], ["b", "c"]])])
        _ = try await WorkerProcess(executable: Build.worker).run(job) { events.append($0) }
        #expect(events.list.contains(.log(level: 1, message: "filled w")))
    }

    @Test("A cancelled job ends at its next step with exit code 130")
    func cancels() async throws {
        let worker = WorkerProcess(executable: Build.worker)
        await #expect(throws: RuntimeError(.interrupted, "the run was interrupted")) {
            _ = try await worker.run(job("endless")) { event in
                if case .phase(_, 0, _) = event { worker.cancel() }
            }
        }
    }

    @Test("A cancelled task cancels the job")
    func cancelsWithTask() async throws {
        let worker = WorkerProcess(executable: Build.worker)
        let job = job("endless")
        let (steps, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            try await worker.run(job) { event in
                if case .phase = event { continuation.yield() }
            }
        }
        for await _ in steps { break }
        task.cancel()
        let result = await task.result
        #expect(throws: RuntimeError(.interrupted, "the run was interrupted")) { try result.get() }
    }

    @Test("The second cancellation ends a worker that does not listen")
    func kills() async throws {
        let worker = WorkerProcess(executable: Build.worker)
        await #expect(
            throws: RuntimeError(
                .interrupted, "the run was stopped at once", hint: "run it again to continue from its last checkpoint")
        ) {
            _ = try await worker.run(job("loop")) { event in
                guard case .enter(let call) = event, call.operation == "patch" else { return }
                worker.cancel()
                worker.cancel()
            }
        }
    }

    @Test(
        "A signal to the host cancels the job and leaves the host alive",
        arguments: [SIGINT, SIGTERM] + (SignalForwarding.isIgnored(SIGHUP) ? [] : [SIGHUP]))
    func forwardsSignals(number: Int32) async throws {
        let worker = WorkerProcess(executable: Build.worker, forwardsSignals: true)
        await #expect(throws: RuntimeError(.interrupted, "the run was interrupted")) {
            _ = try await worker.run(job("endless")) { event in
                if case .phase(_, 0, _) = event { kill(getpid(), number) }
            }
        }
    }

    @Test("A signal to the worker itself ends it after a checkpoint")
    func workerSignals() async throws {
        let worker = WorkerProcess(executable: Build.worker)
        await #expect(throws: RuntimeError(.interrupted, "the run was interrupted")) {
            _ = try await worker.run(job("endless")) { event in
                if case .phase(_, 0, _) = event, let id = worker.processID { kill(id, SIGTERM) }
            }
        }
    }

    @Test("A worker that is killed from outside is not the plugin's fault")
    func killedFromOutside() async throws {
        let worker = WorkerProcess(executable: Build.worker)
        await #expect(
            throws: RuntimeError(
                .run,
                "the worker process died while the patcher \"loop\" of \(Build.library("crash")) was in patch (case "
                    + "\"x\"): SIGKILL, it was killed from outside, most often by the system because memory ran out",
                hint: "where memory ran out, lower the batch size or use a machine with more")
        ) {
            _ = try await worker.run(job("loop")) { event in
                guard case .enter(let call) = event, call.operation == "patch", let id = worker.processID else {
                    return
                }
                kill(id, SIGKILL)
            }
        }
    }

    @Test("A worker dies with its host")
    func diesWithHost() async throws {
        let child = try ChildProcess(
            Build.worker, [HiddenCommand.worker, CallJob.name], environment: ProcessInfo.processInfo.environment,
            lineAt: WorkerLink.descriptor)
        LineSocket.send(try WorkerJSON.encode(job("loop")), to: child.descriptor)
        var line = LineSocket(child.descriptor)
        while case .line(let text) = line.receive(within: 20_000), !text.contains("\"operation\":\"patch\"") {}
        #expect(child.end() == nil)
        // What the system does with the descriptors of a process that dies.
        close(child.descriptor)
        #expect(child.end(waits: true) == .exited(RuntimeError.Kind.run.rawValue))
        close(child.ending)
    }

    @Test("A worker that hangs up and does not end is ended, and one that hangs up and ends is waited for")
    func hangsUp() async throws {
        for (script, reason) in [("hang-up-and-stay.sh", "SIGKILL"), ("hang-up-and-end.sh", "exit code 9")] {
            // Each look at the clock takes a second.
            let clock = HandClock()
            let worker = WorkerProcess(
                executable: Repository.root.appending(path: "Tests/SutureRuntimeTests/Worker/\(script)").path,
                now: {
                    clock.advance(by: .seconds(1))
                    return clock.now
                })
            let error = await #expect(throws: RuntimeError.self) { _ = try await worker.run(job("steps")) }
            #expect(error?.kind == .run)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
    }

    @Test("A program that cannot be started is an error and no crash")
    func cannotStart() async {
        await #expect(
            throws: RuntimeError(
                .run,
                "the worker process cannot be started: /nonexistent/suture cannot be started: No such file or directory",
                hint: "check the limits of the system on processes and memory")
        ) { _ = try await WorkerProcess(executable: "/nonexistent/suture").run(job("endless")) }
    }

    @Test("A worker that dies outside of plugins is the run's failure, with the phase")
    func diesOutsidePlugins() {
        #expect(
            WorkerDeath(end: .signalled(SIGSEGV), call: nil, phase: "statistics").error
                == RuntimeError(
                    .run,
                    "the worker process died in the phase \"statistics\": SIGSEGV, it read or wrote memory that is not its "
                        + "own, or its stack overflowed",
                    hint: "this is a fault of suture itself; report it with the run's log"))
        let last = PluginCall(
            file: "/a.so", operation: "patch", kind: .patcher, component: "x", firstCase: "1", caseCount: 1)
        #expect(
            WorkerDeath(end: .signalled(SIGSEGV), call: nil, lastCall: last, phase: "apply").error.hint
                == "the patcher \"x\" of /a.so had returned from patch (case \"1\") before; where the run ends without this "
                + "plugin, the plugin damaged memory, and otherwise this is a fault of suture itself; report it with the run's "
                + "log")
        #expect(
            WorkerDeath(end: .exited(9), call: nil, phase: "").error
                == RuntimeError(
                    .run, "the worker process ended with exit code 9 before its work was done",
                    hint: "what it printed above may tell why; report it with the run's log"))
    }

    @Test(
        "A component's error names the component once",
        arguments: [
            ("layers is empty", "rome: layers is empty"), ("rome: layers is empty", "rome: layers is empty"),
            ("rome has no layer to write", "rome has no layer to write"), ("romeo is empty", "rome: romeo is empty"),
        ])
    func names(said: String, told: String) {
        let call = PluginCall(file: "/a.so", operation: "patch", kind: .patcher, component: "rome")
        #expect(call.failed(SutureError(.invalidArgument, said)).message == told)
    }

    @Test("What a worker is started with is of no use to people")
    func refusesPeople() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Build.executable)
        process.arguments = ["__worker", "call"]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        #expect(text == "suture: this command is for suture's own use\n")
    }

    @Test("While workers run, Swift's task pool is free")
    func leavesThePoolFree() async throws {
        let workers = (0..<4).map { _ in WorkerProcess(executable: Build.worker) }
        let (calls, continuation) = AsyncStream<Void>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            for worker in workers {
                let job = job("loop")
                group.addTask {
                    let error = await #expect(throws: RuntimeError.self) {
                        _ = try await worker.run(job) { event in
                            if case .enter(let call) = event, call.operation == "patch" { continuation.yield() }
                        }
                    }
                    #expect(error?.kind == .interrupted)
                }
            }
            var running = 0
            for await _ in calls {
                running += 1
                if running == workers.count { break }
            }
            // More waits than the pool of a small machine has threads. Were they taken, this task would never get its turn.
            await Task.detached {}.value
            for worker in workers {
                worker.cancel()
                worker.cancel()
            }
            await group.waitForAll()
        }
    }
}
