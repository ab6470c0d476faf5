// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation

/// While it lasts, SIGINT and SIGTERM call a function instead of ending this process.
final class SignalForwarding: Sendable {
    private static let numbers = [SIGINT, SIGTERM]

    // Dispatch sources may be used from any thread.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init(_ body: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "suture.signals")
        sources = Self.numbers.map { number in
            // A source sees the signal beside its usual action, which must not end the process.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: body)
            source.resume()
            return source
        }
    }

    func stop() {
        for source in sources { source.cancel() }
        for number in Self.numbers { signal(number, SIG_DFL) }
    }
}
