// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

extension RunLauncher {
    /// What `suture evaluate` does for a file: each model with its data and evaluators once, however many variants share
    /// them. Locators and methods are neither looked up nor asked what data they need.
    ///
    /// - Parameters:
    ///   - patches: patch folders that lie over the model, after those of the file.
    ///   - output: the folder that result folders go into; nil: that of the file.
    /// - Throws: what is wrong with one of the experiments or patches.
    package func planToEvaluate(
        _ suite: ExperimentSuite, patches: [String], output: String? = nil
    ) throws(RuntimeError) -> [PlannedRun] {
        try plan(suite, used: .evaluators, as: "evaluate", output: output) { (experiment) throws(RuntimeError) in
            experiment.model.patches += patches.map { URL(fileURLWithPath: $0).path }
        }
    }

    /// Evaluates in a worker, or reads at once what the folder already holds.
    ///
    /// - Parameters:
    ///   - startsAnew: forgets what the folder holds.
    ///   - onEvent: hears how far the worker is.
    /// - Throws: why it ended; the folder's `FAILED` holds the sentence.
    package func evaluate(
        _ planned: PlannedRun, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> MetricsFile {
        try perform(EvaluateJob(planned.task), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try results(planned.folder)
    }
}
