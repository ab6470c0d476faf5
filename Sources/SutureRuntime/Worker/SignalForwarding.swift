// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// While it lasts, SIGINT, SIGTERM and SIGHUP call a function instead of ending this process. A SIGHUP that the caller has
/// switched off (`nohup`) stays switched off.
///
/// The handler writes one byte to a pipe, which a thread reads. (Dispatch sources for signals do this too, but one that is
/// made after another was cancelled sees nothing on Linux.)
final class SignalForwarding: Sendable {
    private struct State {
        var bodies: [ObjectIdentifier: @Sendable () -> Void] = [:]
        /// What each signal did before the first body came.
        var before: [(number: Int32, handler: __sighandler_t?)] = []
    }

    private static let state = Mutex(State())
    /// The end that the handler writes to; -1 before the first use.
    private static let pipeEnd = Atomic<Int32>(-1)

    init(_ body: @escaping @Sendable () -> Void) {
        let key = ObjectIdentifier(self)
        Self.state.withLock { state in
            state.bodies[key] = body
            guard state.bodies.count == 1, Self.openPipe() else { return }
            let numbers = [SIGINT, SIGTERM] + (Self.isIgnored(SIGHUP) ? [] : [SIGHUP])
            state.before = numbers.map { number in
                (
                    number,
                    signal(number) { _ in
                        let reason = errno
                        var byte: UInt8 = 0
                        _ = write(SignalForwarding.pipeEnd.load(ordering: .relaxed), &byte, 1)
                        errno = reason
                    }
                )
            }
        }
    }

    func stop() {
        let key = ObjectIdentifier(self)
        Self.state.withLock { state in
            state.bodies[key] = nil
            guard state.bodies.isEmpty else { return }
            for (number, handler) in state.before { signal(number, handler) }
            state.before = []
        }
    }

    /// Whether this process was started with the signal switched off.
    static func isIgnored(_ number: Int32) -> Bool {
        let before = signal(number, SIG_IGN)
        signal(number, before)
        return unsafeBitCast(before, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    /// Makes the pipe and its reader, once for the process.
    private static func openPipe() -> Bool {
        guard pipeEnd.load(ordering: .relaxed) < 0 else { return true }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return false }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A handler must not wait.
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        pipeEnd.store(ends[1], ordering: .relaxed)
        let readEnd = ends[0]
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                guard read(readEnd, &byte, 1) == 1 else { continue }
                for body in state.withLock({ Array($0.bodies.values) }) { body() }
            }
        }
        return true
    }
}
