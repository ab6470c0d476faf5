// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A clock that a test moves. Any thread.
final class HandClock: Sendable {
    private let start = ContinuousClock.now
    private let moved = Mutex(Duration.zero)

    /// How far it was moved.
    var elapsed: Duration { moved.withLock(\.self) }
    var now: ContinuousClock.Instant { start.advanced(by: elapsed) }

    func advance(by duration: Duration) { moved.withLock { $0 += duration } }
}
