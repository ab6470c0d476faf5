// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The job of a run's worker.
package struct RunJob: FolderJob {
    package static let name = "run"
    package static let interruption = SutureError(
        .cancelled, "the run was interrupted", hint: "continue with `suture run --resume` and its folder")

    package var folder: String

    package init(folder: String) { self.folder = folder }

    package func run(_ work: FolderWork) throws {
        let engine = try RunEngine(folder: work.folder, experiment: work.experiment, events: work)
        let results = try engine.run()
        try RunWriter(folder: work.folder, experiment: work.experiment).write(results)
    }
}
