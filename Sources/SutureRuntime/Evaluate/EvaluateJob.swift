// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of `suture evaluate`. The evaluators of config.resolved.yaml measure the model as it is and, where there are
/// patches, with them; figures, cases, the page and `DONE` are left in the folder.
package struct EvaluateJob: FolderJob {
    package static let name = "evaluate"
    package static let interruption = SutureError(
        .cancelled, "the evaluation was interrupted", hint: "start the same command again; it goes on where it stopped")

    package var task: FolderTask

    package init(_ task: FolderTask) { self.task = task }

    package func run(_ work: FolderWork) throws {
        let progress = try RunProgress(work.folder, work)
        try progress.timing { try measure(work, progress) }
    }

    private func measure(_ work: FolderWork, _ progress: RunProgress) throws {
        let experiment = work.experiment
        let evaluators = try experiment.evaluators.map { try LoadedComponent($0) }
        try progress.enter("load")
        let read = try CaseSelection(
            experiment.dataset, model: experiment.model.source,
            needs: zip(evaluators, experiment.evaluators).flatMap { $0.needs(as: $1) })
        let original = try experiment.loadStoredModel(work.inputs)
        let (selection, knowledge) = try experiment.known(read, by: original, in: work.folder, progress.report)
        let cases = selection.cases
        let evaluation = try CaseEvaluation(
            evaluators, of: experiment, in: work.folder, original: original, digest: experiment.modelDigest,
            inputs: work.inputs, progress: progress)

        var models = [("before", original)]
        var results = MetricsFile(metrics: knowledge, weights: [], seconds: [:])
        if !experiment.model.patches.isEmpty {
            let overlay = try PatchOverlay(experiment.model.patches, over: original)
            models.append(("after", overlay.model))
            results.weights = overlay.changes
        }
        var answers: [String: [String]] = [:]
        for (stage, model) in models {
            answers[stage] = try evaluation.answers(stage, model, cases, group: 0)
            try evaluation.measure(stage, model, cases, group: 0)
        }
        try progress.enter("summarize")
        for (stage, model) in models { results.metrics += try evaluation.summary(of: stage, model) }
        for sentence in NonFiniteFigures(evaluation.measured, metrics: results.metrics, cases: cases).sentences {
            Host.log(.warning, sentence)
        }
        let records = try CaseResult.records(
            cases, original, answers: answers, evaluators: evaluation.names, log: evaluation.log)
        progress.clock.stop()
        results.seconds = progress.clock.seconds
        results.processes = progress.clock.processes
        results.peakMemory = progress.clock.peakMemory
        try write(results, records, selection.skipped, work)
    }

    private func write(
        _ results: MetricsFile, _ cases: [CaseResult], _ skipped: [SkippedCase], _ work: FolderWork
    ) throws {
        let folder = work.folder
        var lines = Data()
        for record in cases { lines += try RunFolder.line(record) }
        try RunFolder.write(lines, to: folder.cases)
        try folder.write(skipped: skipped)
        try RunFolder.write(results, to: folder.metrics)
        let report = RunReport(
            title: "\(work.experiment.name): \(work.experiment.model.source)", results: results, cases: cases,
            skipped: skipped, locations: nil)
        try RunFolder.write(Data(report.html.utf8), to: folder.report)
        try work.inputs.check()
        try folder.finish(work.experiment.runID)
    }
}
