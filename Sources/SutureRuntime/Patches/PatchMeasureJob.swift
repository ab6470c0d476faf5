// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of `suture patch verify --evaluate`: the evaluators of config.resolved.yaml measure the recorded cases of a patch on the
/// edited model, and the figures are left in the folder.
package struct PatchMeasureJob: FolderJob {
    package static let name = "measure-patch"
    package static let interruption = SutureError(
        .cancelled, "the evaluation was interrupted", hint: "start the same command again")

    package var task: FolderTask
    /// The folder of the patch whose cases are measured.
    package var patch: String

    package func run(_ work: FolderWork) throws {
        let progress = try RunProgress(work.folder, work)
        try progress.timing {
            let experiment = work.experiment
            let evaluators = try experiment.evaluators.map { try LoadedComponent($0) }
            try progress.enter("load")
            let place = URL(fileURLWithPath: patch)
            let cases = try PatchRecords(place, PatchManifest(folder: place)).cases
            let stored = try experiment.loadStoredModel(work.inputs)
            let original = try PatchOverlay.withoutPatches(stored)
            let edited = try PatchOverlay(experiment.model.patches, over: stored).model
            let evaluation = try CaseEvaluation(
                evaluators, of: experiment, in: work.folder, original: original, digest: experiment.modelDigest,
                inputs: work.inputs, progress: progress)
            try evaluation.measure(Self.stage, edited, cases, group: 0)
            try progress.enter("summarize")
            let figures = try evaluation.summary(of: Self.stage, edited)
            progress.clock.stop()
            try RunFolder.write(
                MetricsFile(metrics: figures, weights: [], seconds: progress.clock.seconds), to: work.folder.metrics)
            try work.inputs.check()
            try work.folder.finish(experiment.runID)
        }
    }

    /// The stage of a run whose figures are measured again: that of the finished edit.
    static let stage = "after"
}
