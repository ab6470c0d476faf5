// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation

/// While it lasts, SIGINT and SIGTERM call a function instead of ending this process.
final class SignalForwarding: Sendable {
    private static let numbers = [SIGINT, SIGTERM]

    // Dispatch sources may be used from any thread.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]
    /// What the signals did before.
    private let handlers: [__sighandler_t?]

    init(_ body: @escaping @Sendable () -> Void) {
        let queue = DispatchQueue(label: "suture.signals")
        // A source sees the signal beside its usual action, which must not end the process.
        handlers = Self.numbers.map { signal($0, SIG_IGN) }
        sources = Self.numbers.map { number in
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler(handler: body)
            source.resume()
            return source
        }
    }

    func stop() {
        for source in sources { source.cancel() }
        for (number, handler) in zip(Self.numbers, handlers) { signal(number, handler) }
    }
}
