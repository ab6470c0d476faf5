// SPDX-License-Identifier: Apache-2.0

import CSutureHost
import Foundation
import SutureKit
import Synchronization

/// The worker's end of the line to the host process. One per worker process.
///
/// Everything here may be called from any thread. The process ends when the host does.
public final class WorkerLink: Sendable {
    /// The line of this process, or nil where it is not a worker.
    package static var current: WorkerLink? { installed.withLock(\.self) }
    private static let installed = Mutex<WorkerLink?>(nil)

    /// The worker finds its end of the line under this descriptor.
    static let descriptor: Int32 = 3
    /// How often the host hears that the worker is alive.
    private static let heartbeatSeconds = 0.5
    /// Progress is told at most this often, unless the phase changes or ends.
    private static let progressSeconds = 0.1

    private struct State {
        var phase = ""
        var lastProgress = ContinuousClock.now
    }

    private let descriptor: Int32
    private let state = Mutex(State())
    private let sending = Mutex(())
    private let cancelled = Atomic(false)

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    // MARK: Events

    /// Says how far a phase is. Cheap: most calls send nothing.
    package func phase(_ name: String, _ done: Int = 0, of total: Int = 0) {
        noteActivity()
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            guard
                name != state.phase || (total > 0 && done == total)
                    || state.lastProgress.duration(to: now) >= .seconds(Self.progressSeconds)
            else { return false }
            state.phase = name
            state.lastProgress = now
            return true
        }
        if isDue { send(.phase(name: name, done: done, total: total)) }
    }

    /// A call into a plugin begins.
    func enter(_ call: PluginCall) {
        noteActivity()
        send(.enter(call))
    }

    /// The innermost call into a plugin has returned.
    func leave() {
        noteActivity()
        send(.leave)
    }

    package func log(_ level: SutureKit.Host.LogLevel, _ message: String) {
        noteActivity()
        send(.log(level: level.rawValue, message: message))
    }

    /// Says something that the kind of job defines, on the way to its result.
    package func output(_ value: some Encodable) throws {
        noteActivity()
        send(.output(String(decoding: try WorkerJSON.encode(value), as: UTF8.self)))
    }

    /// A sign of life. Tables of the host note one per call.
    package func noteActivity() { suture_host_note_activity() }

    /// The host wants this process to end after the next checkpoint. Long work looks here at every step.
    package var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    /// Ends long work that was told to end.
    ///
    /// - Throws: `interrupted`.
    package func checkCancellation() throws(RuntimeError) {
        if isCancelled { throw RuntimeError(.interrupted, "the run was interrupted") }
    }

    private func send(_ event: WorkerEvent) {
        // Events are plain values of texts and whole numbers; encoding them cannot fail.
        guard let line = try? WorkerJSON.encode(event) else { return }
        sending.withLock { _ in _ = LineSocket.send(line, to: descriptor) }
    }

    // MARK: The worker process

    /// What the process does when it was started as a worker: reads its job from the line, runs it, tells the result.
    ///
    /// - Returns: the exit code, where the process is not a worker; otherwise it does not return.
    static func runWorker(_ name: String, jobs: [any WorkerJob.Type]) -> Int32 {
        var kind: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &kind, &size) == 0,
            let job = jobs.first(where: { $0.name == name })
        else {
            _ = "suture: this command is for suture's own use\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
            return RuntimeError.Kind.usage.rawValue
        }
        // Programs that a plugin starts must not hold the line open, nor the lock of the run, which may be the next descriptor.
        for descriptor in [descriptor, descriptor + 1] { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        let link = WorkerLink(descriptor)
        link.watchSignals()
        var line = LineSocket(descriptor)
        guard case .line(let json) = line.receive(within: -1) else { _exit(RuntimeError.Kind.run.rawValue) }
        link.watchHost(line)
        link.beatHeart()
        installed.withLock { $0 = link }
        suture_host_report_writes()
        HostTables.setLog { link.log($0, $1) }
        let code: Int32
        do {
            let result = try job.run(json, in: link)
            link.send(.finished(result))
            code = 0
        } catch {
            let error = RuntimeError(error)
            link.send(.failed(kind: error.kind.rawValue, message: error.message, hint: error.hint))
            code = error.kind.rawValue
        }
        fflush(nil)
        // Not exit: destructors of loaded libraries have nothing left to do, and could only fail.
        _exit(code)
    }

    /// Cancels on the host's word, and ends the process when the host is gone.
    private func watchHost(_ line: LineSocket) {
        Thread.detachNewThread { [self] in
            var line = line
            while case .line(let message) = line.receive(within: -1) {
                if message == "cancel" { cancelled.store(true, ordering: .relaxed) }
            }
            _exit(RuntimeError.Kind.run.rawValue)
        }
    }

    /// SIGTERM, SIGINT and SIGHUP sent to the worker itself (a cluster's scheduler does that, and a terminal that closes):
    /// the first cancels, the second ends.
    private func watchSignals() {
        signal(SIGPIPE, SIG_IGN)
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        if !SignalForwarding.isIgnored(SIGHUP) { sigaddset(&signals, SIGHUP) }
        // Threads that are made later inherit it, so that only the one below receives them.
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let waited = signals
        Thread.detachNewThread { [self] in
            var waited = waited
            var number: Int32 = 0
            while sigwait(&waited, &number) == 0 {
                if isCancelled { _exit(RuntimeError.Kind.interrupted.rawValue) }
                cancelled.store(true, ordering: .relaxed)
            }
        }
    }

    private func beatHeart() {
        Thread.detachNewThread { [self] in
            var last: UInt64 = 0
            while true {
                Thread.sleep(forTimeInterval: Self.heartbeatSeconds)
                let now = suture_host_activity()
                if now != last { send(.activity(now)) }
                last = now
            }
        }
    }
}
