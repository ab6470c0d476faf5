// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Does something the first time it is asked to. A second cancellation of a worker would kill it.
final class Once: Sendable {
    private let isDone = Atomic(false)

    func callAsFunction(_ body: () -> Void) {
        if !isDone.exchange(true, ordering: .relaxed) { body() }
    }
}
