// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A worker process as the host sees it: starts it, listens to it, watches its limits, and says what became of it.
///
/// Plugins are loaded in workers alone, so a plugin that crashes, hangs or exits ends a worker and never the host. One
/// value runs one job.
public final class WorkerProcess: Sendable {
    /// What a worker may take.
    package struct Limits: Sendable, Hashable {
        /// A call into a plugin that gives no sign of life for this long is stuck. Nil: it may take for ever.
        package var stallSeconds: Double?
        /// The most that it may be: a year.
        package static let largestStallSeconds = 366.0 * 86_400

        package init(stallSeconds: Double? = nil) { self.stallSeconds = stallSeconds }
    }

    /// The running executable: workers are the same program.
    public static let thisExecutable = "/proc/self/exe"

    /// How often limits are looked at when the worker says nothing.
    private static let tickMilliseconds: Int32 = 100
    /// A worker that has told its result, or closed its line, has this long to end.
    private static let farewellSeconds = 5.0

    private struct State {
        var child: ChildProcess?
        /// Set by the first cancellation, which asks; the second kills.
        var isCancelled = false
        var isKilled = false
    }

    private let executable: String
    private let limits: Limits
    private let forwardsSignals: Bool
    /// The descriptor of a lock that the worker holds, too.
    private let lock: Int32?
    /// The clock that limits are measured by.
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    /// - Parameters:
    ///   - executable: the program, which must call ``HiddenCommand/runIfRequested(_:)`` first.
    ///   - forwardsSignals: while the job runs, SIGINT and SIGTERM cancel it instead of ending this process.
    ///   - lock: the descriptor of a lock that the worker is to hold, too, so that it lasts as long as the worker.
    package convenience init(
        executable: String = WorkerProcess.thisExecutable, limits: Limits = Limits(), forwardsSignals: Bool = false,
        lock: Int32? = nil
    ) {
        self.init(
            executable: executable, limits: limits, forwardsSignals: forwardsSignals, lock: lock, now: { .now })
    }

    /// The same with a clock of the caller's, so that a test of a limit need not wait for it.
    package init(
        executable: String, limits: Limits = Limits(), forwardsSignals: Bool = false, lock: Int32? = nil,
        now: @escaping @Sendable () -> ContinuousClock.Instant
    ) {
        self.executable = executable
        self.limits = limits
        self.forwardsSignals = forwardsSignals
        self.lock = lock
        self.now = now
    }

    /// Runs a job in a worker. The wait happens on a thread of its own; cancelling the task cancels the job.
    ///
    /// - Parameter onEvent: receives what the worker says, in order, on that thread.
    /// - Throws: the job's own error; `plugin` when a plugin took the worker down; `interrupted` after a cancellation.
    package func run<Job: WorkerJob>(
        _ job: Job, onEvent: @escaping @Sendable (WorkerEvent) -> Void = { _ in }
    ) async throws(RuntimeError) -> Job.Result {
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation {
                (continuation: CheckedContinuation<Result<Job.Result, RuntimeError>, Never>) in
                Thread.detachNewThread {
                    continuation.resume(
                        returning: Result { () throws(RuntimeError) in
                            try self.runBlocking(job, onEvent: onEvent)
                        })
                }
            }
        } onCancel: {
            self.cancel()
        }
        return try result.get()
    }

    /// The same on the calling thread, which blocks. Not for Swift's task pool.
    package func runBlocking<Job: WorkerJob>(
        _ job: Job, onEvent: (WorkerEvent) -> Void = { _ in }
    ) throws(RuntimeError) -> Job.Result {
        let result: String
        do {
            result = try runBlocking(Job.name, try WorkerJSON.encode(job), onEvent)
            return try WorkerJSON.decode(Job.Result.self, from: Data(result.utf8))
        } catch {
            throw RuntimeError(error)
        }
    }

    /// Asks the worker to end after its next checkpoint; the second time, ends it at once. Any thread.
    package func cancel() {
        state.withLock { state in
            guard let child = state.child else {
                state.isCancelled = true
                return
            }
            if state.isCancelled {
                state.isKilled = true
                child.kill()
            } else {
                state.isCancelled = true
                LineSocket.send(Data("cancel".utf8), to: child.descriptor)
            }
        }
    }

    /// The worker's number while it runs.
    package var processID: Int32? { state.withLock { $0.child?.id } }

    // MARK: The wait

    /// What is known of the worker while it runs.
    private struct Watch {
        var calls: [PluginCall] = []
        var lastCall: PluginCall?
        var phase = ""
        var lastSign: ContinuousClock.Instant
        var stalled: (call: PluginCall, seconds: Double)?
        var result: Result<String, RuntimeError>?
        var farewell: ContinuousClock.Instant?

        init(startedAt start: ContinuousClock.Instant) { lastSign = start }

        mutating func note(_ event: WorkerEvent, at instant: ContinuousClock.Instant) {
            lastSign = instant
            switch event {
            case .enter(let call): calls.append(call)
            case .leave: lastCall = calls.popLast()
            case .phase(let name, _, _): phase = name
            case .finished(let json): result = .success(json)
            case .failed(let kind, let message, let hint):
                result = .failure(RuntimeError(RuntimeError.Kind(rawValue: kind), message, hint: hint))
            case .log, .output, .activity: break
            }
        }
    }

    private func runBlocking(
        _ name: String, _ job: Data, _ onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> String {
        let signals = forwardsSignals ? SignalForwarding { self.cancel() } : nil
        defer { signals?.stop() }
        var environment = Processor.environment()
        // Swift's own report of a crash takes seconds and pages, and a plugin's author can ask for it.
        if environment["SWIFT_BACKTRACE"] == nil { environment["SWIFT_BACKTRACE"] = "enable=no" }
        let child = try ChildProcess(
            executable, [HiddenCommand.worker, name], environment: environment, lineAt: WorkerLink.descriptor,
            lock: lock)
        defer { for descriptor in [child.descriptor, child.ending] { close(descriptor) } }
        LineSocket.send(job, to: child.descriptor)
        state.withLock { state in
            state.child = child
            if state.isCancelled { LineSocket.send(Data("cancel".utf8), to: child.descriptor) }
        }
        defer { state.withLock { $0.child = nil } }

        var watch = Watch(startedAt: now())
        let end = wait(for: child, &watch, onEvent)
        return try conclude(watch, end)
    }

    private func wait(
        for child: ChildProcess, _ watch: inout Watch, _ onEvent: (WorkerEvent) -> Void
    ) -> ChildProcess.End {
        var line = LineSocket(child.descriptor)
        var isOpen = true
        var end: ChildProcess.End?
        func note(_ text: String) {
            guard let event = try? WorkerJSON.decode(WorkerEvent.self, from: Data(text.utf8)) else { return }
            watch.note(event, at: now())
            onEvent(event)
        }
        while true {
            switch line.receive(within: end == nil ? Self.tickMilliseconds : 0, orUntil: child.ending) {
            case .line(let text): note(text)
            case .closed: isOpen = false
            case .nothing:
                // What it said last may have come between the two looks, so there is one more after its end. The line itself
                // may stay open: a program that a plugin started can hold it.
                if let end { return end }
                end = child.end()
            }
            if end == nil { check(child, &watch, isOpen) }
        }
    }

    /// Looks at the limits, and ends the worker that has passed one.
    private func check(_ child: ChildProcess, _ watch: inout Watch, _ isOpen: Bool) {
        let now = now()
        if watch.result != nil || !isOpen {
            let since = watch.farewell ?? now
            watch.farewell = since
            if since.duration(to: now) > .seconds(Self.farewellSeconds) { child.kill() }
        } else if let limit = limits.stallSeconds, let call = watch.calls.last, watch.stalled == nil,
            watch.lastSign.duration(to: now) > .seconds(limit)
        {
            watch.stalled = (call, limit)
            child.kill()
        }
    }

    private func conclude(_ watch: Watch, _ end: ChildProcess.End) throws(RuntimeError) -> String {
        if let result = watch.result { return try result.get() }
        let (isCancelled, isKilled) = state.withLock { ($0.isCancelled, $0.isKilled) }
        if isKilled || (isCancelled && end == .exited(RuntimeError.Kind.interrupted.rawValue)) {
            throw RuntimeError(
                .interrupted, "the run was stopped at once", hint: "run it again to continue from its last checkpoint")
        }
        if let (call, seconds) = watch.stalled {
            throw RuntimeError(
                .plugin,
                "\(call.callee) never returned from \(call.place): no sign of life for \(Self.text(seconds)) s",
                hint: call.operation == "load"
                    ? "move the file out of the plugin folders, and report this to its author"
                    : "give it more time if it is only slow (limits.stall_seconds, or --stall-seconds of `plugins check`); otherwise "
                        + "report this to its author")
        }
        throw WorkerDeath(end: end, call: watch.calls.last, lastCall: watch.lastCall, phase: watch.phase).error
    }

    private static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
    }
}
