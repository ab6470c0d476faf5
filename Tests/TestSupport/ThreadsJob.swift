// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime

/// Says how many threads an operation of a worker uses, and what they do while they wait.
package struct ThreadsJob: WorkerJob {
    package static let name = "threads"

    package struct Result: Codable, Sendable, Hashable {
        package var threads: Int
        package var policy: String

        package init(threads: Int, policy: String) {
            self.threads = threads
            self.policy = policy
        }
    }

    var threads: Int

    package init(threads: Int) { self.threads = threads }

    package func run(in link: WorkerLink) throws -> Result {
        try HostTables.install(for: link, permission: .none, threads: threads)
        return Result(
            threads: Processor.threads,
            policy: ProcessInfo.processInfo.environment["OMP_WAIT_POLICY"] ?? "")
    }
}
