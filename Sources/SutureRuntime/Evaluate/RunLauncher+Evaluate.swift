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
        var planned: [PlannedRun] = []
        let readings = PlanReadings()
        var settings = SettingsCheck()
        for member in suite.members {
            var experiment = member.experiment
            experiment.name = "\(suite.name)-evaluate"
            experiment.model.patches += patches.map { URL(fileURLWithPath: $0).path }
            if let output { experiment.output.folder = experiment.paths.absolute(output) }
            for patch in experiment.model.patches { _ = try PatchManifest(folder: URL(fileURLWithPath: patch)) }
            let run: PlannedRun
            do {
                run = try plan(experiment, readings, used: .evaluators)
            } catch {
                guard !member.label.isEmpty else { throw error }
                throw RuntimeError(error.kind, "\(member.label): \(error.message)", hint: error.hint)
            }
            settings.add(run, label: member.label)
            if !planned.contains(where: { $0.experiment.digest == run.experiment.digest }) { planned.append(run) }
        }
        try settings.perform()
        return planned
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
