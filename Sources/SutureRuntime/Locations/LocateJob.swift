// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of `suture locate`. It runs the locator of config.resolved.yaml alone, on all cases at once and on the model as
/// it is, and leaves the locations, a table, the page and `DONE` in the folder.
package struct LocateJob: WorkerJob {
    package static let name = "locate"

    /// The folder with the configuration.
    package var folder: String

    package init(folder: String) { self.folder = folder }

    package struct Result: Codable, Sendable {
        package init() {}
    }

    package func run(in link: WorkerLink) throws -> Result {
        let folder = RunFolder(URL(fileURLWithPath: folder))
        let experiment = try ResolvedExperiment(runFolder: folder.url.path)
        HostTables.setLog { level, message in link.log(level, message) }
        try HostTables.install()
        let locator = try LoadedComponent(experiment.locator)
        let cases = try experiment.dataset.read()
        try LocateJob.report(link, "load", 0, 0)
        let model = try LanguageModel(
            folder: URL(fileURLWithPath: experiment.model.source), dtype: experiment.model.dtype,
            device: experiment.model.device)
        let statistics = StatisticsService(
            model: model, settings: experiment.statistics, modelDigest: experiment.digests["model"] ?? ""
        ) { done, total in try LocateJob.report(link, "statistics", done, total) }
        let components = ComponentServices(
            original: model, seed: experiment.seed,
            progress: { phase, done, total in try LocateJob.report(link, phase, done, total) },
            secondMoments: { kind, layers in try statistics.secondMoments(kind, layers: layers) })
        let store = TensorStore(folder: folder.state.appending(path: "tensors")).scope("locator")
        try LocateJob.report(link, "locate", 0, 0)
        let locations = try components.perform(
            ComponentCall(.locate, cases: cases), by: locator, on: model,
            components.services(of: locator, store: store)
        ).locations
        let file = LocationsFile(
            locator: LocationsFile.Locator(experiment.locator),
            cases: try cases.map { try LocationsFile.Prompt($0, model.tokenizer) }, locations: locations)
        try LocateJob.write(file, of: experiment, to: folder)
        return Result()
    }

    private static func write(_ file: LocationsFile, of experiment: ResolvedExperiment, to folder: RunFolder) throws {
        try RunFolder.write(file, to: folder.locations)
        let report = LocateReport(
            title: "\(experiment.name): \(experiment.locator.id) on \(experiment.model.source)", file: file)
        try RunFolder.write(Data(report.csv.utf8), to: folder.locationTable)
        try RunFolder.write(Data(report.html.utf8), to: folder.report)
        try? FileManager.default.removeItem(at: folder.failed)
        try RunFolder.write(Data("\(experiment.runID)\n".utf8), to: folder.done)
        try? FileManager.default.removeItem(at: folder.state)
    }

    private static func report(_ link: WorkerLink, _ phase: String, _ done: Int, _ total: Int) throws {
        link.phase(phase, done, of: total)
        guard !link.isCancelled else {
            throw SutureError(
                .cancelled, "locating was interrupted", hint: "start the same command again; it begins anew")
        }
    }
}
