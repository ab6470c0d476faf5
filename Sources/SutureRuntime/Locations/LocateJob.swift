// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// The job of `suture locate`. It runs the locator of config.resolved.yaml alone, on all cases at once and on the model as
/// it is, and leaves the locations, a table, the page and `DONE` in the folder.
package struct LocateJob: FolderJob {
    package static let name = "locate"
    package static let interruption = SutureError(
        .cancelled, "locating was interrupted", hint: "start the same command again; it begins anew")

    package var task: FolderTask

    package init(_ task: FolderTask) { self.task = task }

    package func run(_ work: FolderWork) throws {
        let experiment = work.experiment
        let named = try experiment.requiredLocator()
        let locator = try LoadedComponent(named)
        let read = try CaseSelection(
            experiment.dataset, model: experiment.model.source, needs: locator.needs(as: named))
        try work.phase("load", done: 0, total: 0)
        let model = try experiment.loadModel(work.inputs)
        let selection = try experiment.known(read, by: model, in: work.folder, work.phase).selection
        let cases = selection.cases
        let statistics = experiment.statistics(of: model, digest: experiment.editedModelDigest, work.inputs) {
            try work.phase("statistics", done: $0, total: $1)
        }
        let components = ComponentServices(
            original: model, seed: experiment.seed, checkInputs: work.inputs.check,
            progress: { try work.phase($0, done: $1, total: $2) },
            secondMoments: { kind, layers in try statistics.secondMoments(kind, layers: layers) })
        let store = TensorStore(folder: work.folder.state.appending(path: "tensors")).scope("locator")
        try work.phase("locate", done: 0, total: 0)
        let locations = try components.perform(
            ComponentCall(.locate, cases: cases), by: locator, on: model,
            components.services(of: locator, store: store)
        ).locations
        let file = LocationsFile(
            locator: LocationsFile.Locator(named),
            cases: try cases.map { try LocationsFile.Prompt($0, model.tokenizer) }, locations: locations)
        try work.folder.write(skipped: selection.skipped)
        try LocateJob.write(file, by: named.id, skipped: selection.skipped, of: experiment, to: work.folder)
    }

    private static func write(
        _ file: LocationsFile, by locator: String, skipped: [SkippedCase], of experiment: ResolvedExperiment,
        to folder: RunFolder
    ) throws {
        try RunFolder.write(file, to: folder.locations)
        let report = LocateReport(
            title: "\(experiment.name): \(locator) on \(experiment.model.source)", file: file,
            skipped: skipped)
        try RunFolder.write(Data(report.csv.utf8), to: folder.locationTable)
        try RunFolder.write(Data(report.html.utf8), to: folder.report)
        try folder.finish(experiment.runID)
    }
}
