// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

extension RunLauncher {
    /// What `suture influence` does for a file: each estimate once, however many variants share it. Locators, methods and
    /// evaluators are neither looked up nor asked what data they need.
    ///
    /// - Parameter output: the folder that result folders go into; nil: that of the file.
    /// - Throws: what is wrong with one of the experiments, with its training file or with the list of planted lines.
    package func planToTrace(
        _ suite: ExperimentSuite, output: String? = nil
    ) throws(RuntimeError) -> [PlannedRun] {
        let runs = try plan(suite, used: .influence, as: "influence", output: output)
        for run in runs {
            let (influence, settings) = try run.experiment.requiredInfluence()
            let training = try TrainingFile(settings.path, limit: settings.limit)
            // The first ones; the others are read when they are traced.
            _ = try training.block(0..<min(64, training.count))
            if let path = influence.settings.planted { _ = try PlantedLines(path, of: training) }
            guard run.experiment.dataset.known == nil else { continue }
            let cases = try CaseSelection(run.experiment.dataset, model: nil, needs: []).cases
            var queries = influence.annotator == nil ? try InfluenceQueries(givenBy: cases) : InfluenceQueries()
            if influence.settings.contrast == .answer { try queries.contrast(withAnswersOf: cases) }
        }
        return runs
    }

    /// Traces in a worker, or reads at once what the folder already holds.
    ///
    /// - Parameters:
    ///   - startsAnew: forgets what the folder holds.
    ///   - onEvent: hears how far the worker is.
    /// - Throws: why it ended; the folder's `FAILED` holds the sentence.
    package func trace(
        _ planned: PlannedRun, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> InfluenceFile {
        try perform(InfluenceJob(planned.task), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try planned.folder.read(InfluenceFile.self, from: planned.folder.influence)
    }
}
