// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

extension RunLauncher {
    /// What `suture locate` does for a file: each locator with its settings once, however many variants share it. Methods
    /// and evaluators are neither looked up nor asked what data they need.
    ///
    /// - Parameter output: the folder that result folders go into; nil: that of the file.
    /// - Throws: what is wrong with one of the experiments.
    package func planToLocate(
        _ suite: ExperimentSuite, output: String? = nil
    ) throws(RuntimeError) -> [PlannedRun] {
        try plan(suite, used: .locator, as: "locate", output: output)
    }

    /// Locates in a worker, or reads at once what the folder already holds.
    ///
    /// - Parameters:
    ///   - startsAnew: forgets what the folder holds.
    ///   - onEvent: hears how far the worker is.
    /// - Throws: why it ended; the folder's `FAILED` holds the sentence.
    package func locate(
        _ planned: PlannedRun, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> LocationsFile {
        try perform(LocateJob(planned.task), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try planned.folder.read(LocationsFile.self, from: planned.folder.locations)
    }
}
