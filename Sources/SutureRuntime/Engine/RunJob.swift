// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The job of a run's worker.
package struct RunJob: FolderJob {
    package static let name = "run"
    package static let interruption = SutureError(
        .cancelled, "the run was interrupted", hint: "continue with `suture run --resume` and its folder")

    package var task: FolderTask

    package init(_ task: FolderTask) { self.task = task }

    package func run(_ work: FolderWork) throws {
        let engine = try RunEngine(
            folder: work.folder, experiment: work.experiment, inputs: work.inputs, events: work)
        let (results, model) = try engine.run()
        try RunWriter(folder: work.folder, experiment: work.experiment, model: model).write(results, work.inputs)
    }
}
