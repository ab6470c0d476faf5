// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Receives how far a run is. The worker sends this to the host.
package protocol RunEvents {
    /// - Throws: `SutureError` with the code `cancelled` when the run must end.
    func phase(_ name: String, done: Int, total: Int) throws
}

/// Says how far a run is, and counts the seconds of its phases.
final class RunProgress {
    let clock: PhaseClock
    private let events: any RunEvents

    init(_ folder: RunFolder, _ events: any RunEvents) throws {
        clock = try PhaseClock(keptIn: folder.state.appending(path: "seconds.json"))
        self.events = events
    }

    func enter(_ phase: String) throws { try report(phase, 0, 0) }

    func report(_ phase: String, _ done: Int, _ total: Int) throws {
        try clock.enter(phase)
        try events.phase(phase, done: done, total: total)
    }

    /// Does some work, and keeps its seconds however it ends.
    func timing<Result>(_ work: () throws -> Result) throws -> Result {
        do {
            return try work()
        } catch {
            clock.stop()
            // The error matters more than a time that is lost.
            try? clock.write()
            throw error
        }
    }
}
