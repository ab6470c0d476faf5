// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Seconds by phase, and the largest memory, over all processes that have worked on a run. One phase runs at a time, and naming another stops the clock
/// of the previous one.
///
/// They are kept in the run's state: at most every two seconds, and when the run ends with an error. What a process has done
/// after that, when it is killed, is not in them.
package final class PhaseClock {
    package typealias Now = () -> ContinuousClock.Instant

    /// Between two writes of the file.
    private static let interval = Duration.seconds(2)
    private static let mostProcesses = 1 << 31

    package private(set) var seconds: [String: Double]
    /// This one included.
    package let processes: Int
    /// Of earlier processes.
    private let earlierMemory: Int
    private let file: URL?
    private let now: Now
    private var current: (name: String, start: ContinuousClock.Instant)?
    private var lastWrite: ContinuousClock.Instant

    private struct Kept: Codable {
        var seconds: [String: Double]
        var processes: Int
        /// Runs of older versions do not say this.
        var peakMemory: Int?
    }

    /// - Parameter file: holds what earlier processes took; nil: nothing is kept.
    /// - Throws: `file` where that is damaged.
    package init(keptIn file: URL? = nil, now: @escaping Now = { .now }) throws {
        let kept = try file.flatMap { try SealedFile.read(Kept.self, from: $0) }
        let earlier = kept?.processes ?? 0
        if let file, !(0..<Self.mostProcesses).contains(earlier) {
            throw RuntimeError(
                .file, "'\(file.path)' is damaged: \(earlier) processes cannot have worked on the run",
                hint: SealedFile.hint)
        }
        seconds = kept?.seconds ?? [:]
        processes = earlier + 1
        earlierMemory = kept?.peakMemory ?? 0
        self.file = file
        self.now = now
        lastWrite = now()
        try write()
    }

    /// Begins a phase, or goes on with it.
    package func enter(_ name: String) throws {
        let instant = now()
        if let current, current.name != name || lastWrite.duration(to: instant) >= Self.interval {
            seconds[current.name, default: 0] += current.start.duration(to: instant) / .seconds(1)
            self.current = (name, instant)
        } else if current == nil {
            current = (name, instant)
        }
        if lastWrite.duration(to: instant) >= Self.interval {
            try write()
            lastWrite = instant
        }
    }

    /// Ends the last phase.
    package func stop() {
        guard let (name, start) = current else { return }
        seconds[name, default: 0] += start.duration(to: now()) / .seconds(1)
        current = nil
    }

    /// The largest resident memory of any of the processes, in bytes, pages of mapped files included.
    package var peakMemory: Int { max(earlierMemory, Processor.peakMemory) }

    /// Keeps what was measured so far.
    package func write() throws {
        guard let file else { return }
        try SealedFile.write(Kept(seconds: seconds, processes: processes, peakMemory: peakMemory), to: file)
    }
}
