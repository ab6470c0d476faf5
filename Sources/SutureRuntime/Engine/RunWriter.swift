// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Writes a finished run's files, `DONE` last, and drops `state/`.
struct RunWriter {
    let folder: RunFolder
    let experiment: ResolvedExperiment
    /// The model that was edited, as it was read. Its folder may hold another one by now.
    let model: LanguageModel

    /// - Throws: also where one of the inputs has changed; the run is not done then.
    func write(_ results: RunResults, _ inputs: InputWatch) throws {
        var lines = Data()
        for record in results.cases { lines += try RunFolder.line(record) }
        try RunFolder.write(lines, to: folder.cases)
        try folder.write(skipped: results.skipped)
        let locations = LocationsFile(
            locator: LocationsFile.Locator(try experiment.requiredLocator()), cases: results.prompts,
            locations: results.locations)
        try RunFolder.write(locations, to: folder.locations)
        try writePatches(results)
        let metrics = MetricsFile(
            metrics: results.metrics, weights: results.weights, seconds: results.seconds,
            processes: results.processes, peakMemory: results.peakMemory)
        try RunFolder.write(metrics, to: folder.metrics)
        let report = RunReport(
            title: "\(experiment.name): \(try experiment.requiredMethod().id) on \(experiment.model.source)",
            results: metrics,
            cases: results.cases, skipped: results.skipped, locations: locations)
        try RunFolder.write(Data(report.html.utf8), to: folder.report)
        try inputs.check()
        try folder.finish(experiment.runID)
    }

    /// One patch goes to `patch/`; several, of groups that were each restored, to `patch/0`, `patch/1` …; sequential
    /// groups build on each other and make one patch. A group that was left as it is has none.
    private func writePatches(_ results: RunResults) throws {
        let plan = EditGroups(experiment.edit, caseCount: results.edited.count)
        let patches: [(deltas: [Delta], cases: [EditCase])] =
            plan.restores
            ? zip(results.patches, plan.groups).map { ($0, Array(results.edited[$1.cases])) }
            : [(results.patches.flatMap { $0 }, results.edited)]
        let base = try StackedModel(model.checkpoint)
        let overlays = try PatchOverlay.references(experiment.model.patches)
        for (number, patch) in patches.enumerated() where !patch.deltas.isEmpty {
            let place = patches.count == 1 ? folder.patch : folder.patch.appending(path: String(number))
            // The figures are those of all patches of the run.
            let records = PatchRecords(cases: patch.cases, figures: patches.count == 1 ? results.metrics : [])
            try PatchStore.write(
                Patch(patch.deltas), origin: try PatchManifest.Origin(experiment), model: base, over: overlays,
                records: records, evaluation: records.figures.isEmpty ? nil : PatchManifest.Evaluation(experiment),
                isTransposed: model.configuration.architecture.storesTransposed, to: place)
        }
    }
}
