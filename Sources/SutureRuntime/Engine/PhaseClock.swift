// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Seconds by phase. One phase runs at a time, and naming another stops the clock of the previous one.
package final class PhaseClock {
    private(set) var seconds: [String: Double] = [:]
    private var current: (name: String, start: ContinuousClock.Instant)?
    private let clock = ContinuousClock()

    package init() {}

    package func enter(_ name: String) {
        guard current?.name != name else { return }
        stop()
        current = (name, clock.now)
    }

    package func stop() {
        guard let (name, start) = current else { return }
        let elapsed = start.duration(to: clock.now)
        seconds[name, default: 0] +=
            Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        current = nil
    }
}
