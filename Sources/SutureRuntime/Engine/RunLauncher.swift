// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TorchBackend

/// From an experiment file to a finished run folder, on the host's side: plan, start a worker, watch it.
package struct RunLauncher: Sendable {
    /// A run that is fully decided and not started.
    package struct PlannedRun: Sendable {
        package var experiment: ResolvedExperiment
        package var folder: RunFolder
        package var caseCount: Int
        /// The cases of the dataset that it leaves out.
        package var skipped: [SkippedCase]
        package var groupCount: Int
        /// What the user should know before it runs, as sentences.
        package var notes: [String] = []
        /// What the model's folder warns of, and what was wrong with its cases and was put right, or is left out.
        package var warnings: [String] = []
        /// The experiment file's bytes; nil for a run that is resumed from its folder.
        var source: Data?
    }

    /// `--plugin` files and folders.
    package var plugins: [String]

    package init(plugins: [String] = []) { self.plugins = plugins }

    // MARK: Planning

    /// Checks everything that can be checked without the weights: file, overrides, plugins, settings, layers and sites of the
    /// model, data, needs.
    package func plan(file: String, overrides: [String]) throws(RuntimeError) -> PlannedRun {
        try plan(try Experiment(file: file, overrides: overrides))
    }

    /// Every run of a suite.
    ///
    /// - Throws: what is wrong with one of them, under its label.
    package func plan(
        _ suite: ExperimentSuite
    ) throws(RuntimeError) -> [(member: ExperimentSuite.Member, planned: PlannedRun)] {
        var runs: [(member: ExperimentSuite.Member, planned: PlannedRun)] = []
        let models = ModelReadings()
        for member in suite.members {
            do {
                runs.append((member, try plan(member.experiment, models)))
            } catch {
                throw RuntimeError(error.kind, "\(member.label): \(error.message)", hint: error.hint)
            }
        }
        return runs
    }

    /// One run.
    package func plan(_ experiment: Experiment) throws(RuntimeError) -> PlannedRun {
        try plan(experiment, ModelReadings())
    }

    /// - Parameters:
    ///   - models: what was read already for other runs.
    ///   - locatesOnly: leaves method and evaluators out; see ``planToLocate(_:output:)``.
    func plan(
        _ experiment: Experiment, _ models: ModelReadings, locatesOnly: Bool = false
    ) throws(RuntimeError) -> PlannedRun {
        let catalogue = try PluginCatalogue.scanBlocking(
            PluginSearchPath(named: plugins + experiment.plugins))
        let model = try models.inspection(of: experiment.model)
        var needs: [CaseRequirements.Need] = []
        var notes: [String] = []
        var resolved = try experiment.resolve(
            note: { notes.append($0) }, needs: { needs.append($0) }, model: ModelParts(model),
            locatesOnly: locatesOnly
        ) {
            kind, request throws(RuntimeError) in try catalogue.find(kind: kind, id: request.name)
        }
        let selection = try CaseSelection(resolved.dataset, model: resolved.model.source, needs: needs)
        resolved.versions = Versions.current
        resolved.digests = try RunDigests.of(resolved, models)
        var planned = planned(resolved, selection, model, source: experiment.source)
        planned.notes = notes
        return planned
    }

    /// The run of a folder that was interrupted.
    ///
    /// - Throws: `usage` for a folder that holds no run; `file` when what the run reads has changed since.
    package func resume(folder: String) throws(RuntimeError) -> PlannedRun {
        let experiment = try ResolvedExperiment(runFolder: folder)
        _ = try experiment.requiredMethod()
        let models = ModelReadings()
        let now = try RunDigests.of(experiment, models)
        for (name, digest) in experiment.digests.sorted(by: { $0.key < $1.key }) where now[name] != digest {
            throw RuntimeError(
                .file, "the \(name) of the run in '\(folder)' has changed since it began",
                hint: "put it back, or start the run anew")
        }
        for component in experiment.components where try Digest.ofFile(component.file) != component.digest {
            throw RuntimeError(
                .plugin, "the plugin \(component.file) has changed since the run in '\(folder)' began",
                hint: "put it back, or start the run anew")
        }
        let selection = try CaseSelection(
            experiment.dataset, model: experiment.model.source, needs: try needs(of: experiment))
        var planned = planned(experiment, selection, try models.inspection(of: experiment.model), source: nil)
        planned.folder = RunFolder(URL(fileURLWithPath: folder))
        return planned
    }

    /// What the components of a resumed run need of each case, as the run was planned.
    private func needs(of experiment: ResolvedExperiment) throws(RuntimeError) -> [CaseRequirements.Need] {
        // Where nothing is skipped, the plan has made sure that nothing is missing.
        guard experiment.dataset.invalid == .skip else { return [] }
        let components = experiment.components
        var path = PluginSearchPath(named: Set(components.map(\.file)).sorted(), environment: [:])
        (path.userFolder, path.executableFolder) = (nil, nil)
        let catalogue = try PluginCatalogue.scanBlocking(path)
        var needs: [CaseRequirements.Need] = []
        for component in components {
            let description = try catalogue.find(kind: component.kind, id: component.id)
            needs += CaseRequirements.needs(of: description, component.arguments)
        }
        return needs
    }

    private func planned(
        _ experiment: ResolvedExperiment, _ selection: CaseSelection, _ model: ModelInspection, source: Data?
    ) -> PlannedRun {
        let count = selection.cases.count
        let folder = URL(fileURLWithPath: experiment.output.folder).appending(path: experiment.runID)
        return PlannedRun(
            experiment: experiment, folder: RunFolder(folder), caseCount: count, skipped: selection.skipped,
            groupCount: EditGroups(experiment.edit, caseCount: count).groups.count,
            warnings: model.warnings + selection.warnings, source: source)
    }

    // MARK: Running

    /// Runs in a worker, or returns at once where the folder says that the run is done.
    ///
    /// - Parameters:
    ///   - startsAnew: forgets what the folder holds.
    ///   - onEvent: hears how far the worker is.
    /// - Throws: why the run ended; the folder's `FAILED` holds the sentence.
    package func run(
        _ planned: PlannedRun, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> MetricsFile {
        try perform(
            RunJob(folder: planned.folder.url.path), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try results(planned.folder)
    }

    /// Does a job in a worker, which leaves its results in the folder; not where the folder says that it is done.
    func perform(
        _ job: some WorkerJob, of planned: PlannedRun, startsAnew: Bool, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) {
        let folder = planned.folder
        if startsAnew { try? FileManager.default.removeItem(at: folder.url) }
        if !folder.isDone {
            do {
                try prepare(planned)
                let log = try RunLog(folder.log)
                for warning in planned.warnings { log.write(.log(level: RunLog.warning, message: warning)) }
                let worker = WorkerProcess(
                    limits: .init(stallSeconds: planned.experiment.limits.stallSeconds), forwardsSignals: true)
                _ = try worker.runBlocking(job) { event in
                    log.write(event)
                    onEvent(event)
                }
            } catch {
                let failure = RuntimeError(error)
                if failure.kind != .interrupted {
                    try? RunFolder.write(Data("\(failure.description)\n".utf8), to: folder.failed)
                }
                throw failure
            }
        }
    }

    /// The figures of a finished run.
    package func results(_ folder: RunFolder) throws(RuntimeError) -> MetricsFile {
        try RunFolder.read(MetricsFile.self, from: folder.metrics)
    }

    /// The cases of a finished run, one per line of cases.jsonl.
    package func cases(_ folder: RunFolder) throws(RuntimeError) -> [CaseResult] {
        try RunFolder.readLines(CaseResult.self, from: folder.cases)
    }

    private func prepare(_ planned: PlannedRun) throws {
        let url = planned.folder.url
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw RuntimeError(
                .usage, "the run folder \(url.path) cannot be made: \(error.localizedDescription)",
                hint: "choose another output.dir")
        }
        try? FileManager.default.removeItem(at: planned.folder.failed)
        if let source = planned.source { try planned.experiment.write(to: url.path, source: source) }
    }
}

/// Digests of what a run reads.
enum RunDigests {
    /// The files of a model folder that its numbers depend on.
    static func ofModel(_ folder: String) throws(RuntimeError) -> String {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw RuntimeError(.file, "the model folder '\(folder)' cannot be read", hint: "check model.source")
        }
        var text = ""
        for name in names.sorted() where name.hasSuffix(".safetensors") || name.hasSuffix(".json") {
            text += "\(name)\t\(try Digest.ofFile("\(folder)/\(name)"))\n"
        }
        return Digest.of(Data(text.utf8))
    }

    static func of(
        _ experiment: ResolvedExperiment, _ models: ModelReadings
    ) throws(RuntimeError) -> [String: String] {
        var digests = [
            "model": try models.digest(of: experiment.model.source),
            "dataset": try Digest.ofFile(experiment.dataset.path),
        ]
        if let statistics = experiment.statistics { digests["statistics"] = try Digest.ofFile(statistics.path) }
        return digests
    }
}

/// log.jsonl holds what host and plugins said during a run, one line each, with its time. A resumed run appends to it.
private final class RunLog {
    /// The level of a warning.
    static let warning: Int32 = 2

    private let handle: FileHandle

    init(_ url: URL) throws {
        if !FileManager.default.fileExists(atPath: url.path) { try RunFolder.write(Data(), to: url) }
        handle = try FileHandle(forWritingTo: url)
        try handle.seekToEnd()
    }

    deinit { try? handle.close() }

    private struct Line: Encodable {
        var time: String
        var level: String
        var message: String
    }

    func write(_ event: WorkerEvent) {
        guard case .log(let level, let message) = event else { return }
        let names = ["debug", "info", "warning", "error"]
        let line = Line(
            time: Date.now.formatted(.iso8601),
            level: names.indices.contains(Int(level)) ? names[Int(level)] : "info", message: message)
        // A log that cannot be written does not end a run.
        if let data = try? RunFolder.line(line) { try? handle.write(contentsOf: data) }
    }
}
