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
        var planned: [PlannedRun] = []
        let readings = PlanReadings()
        var settings = SettingsCheck()
        for member in suite.members {
            var experiment = member.experiment
            experiment.name = "\(suite.name)-locate"
            if let output { experiment.output.folder = experiment.paths.absolute(output) }
            let run: PlannedRun
            do {
                run = try plan(experiment, readings, used: .locator)
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
