// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of a run's worker. It does what config.resolved.yaml of the run folder says, and leaves the results there.
package struct RunJob: WorkerJob {
    package static let name = "run"

    /// The run folder.
    package var folder: String

    package init(folder: String) { self.folder = folder }

    package struct Result: Codable, Sendable {
        package init() {}
    }

    package func run(in link: WorkerLink) throws -> Result {
        let folder = RunFolder(URL(fileURLWithPath: folder))
        let experiment = try ResolvedExperiment(runFolder: folder.url.path)
        HostTables.setLog { level, message in link.log(level, message) }
        try HostTables.install()
        let engine = try RunEngine(folder: folder, experiment: experiment, events: LinkEvents(link: link))
        let results = try engine.run()
        try RunWriter(folder: folder, experiment: experiment).write(results)
        return Result()
    }

    private struct LinkEvents: RunEvents {
        let link: WorkerLink

        func phase(_ name: String, done: Int, total: Int) throws {
            link.phase(name, done, of: total)
            guard !link.isCancelled else {
                throw SutureError(
                    .cancelled, "the run was interrupted", hint: "continue with `suture run --resume` and its folder")
            }
        }
    }
}
