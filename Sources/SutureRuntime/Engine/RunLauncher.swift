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
        /// What memory it takes at least.
        package var memory: MemoryPlan
        /// What the user should know before it runs, as sentences.
        package var notes: [String] = []
        /// What the model's folder warns of, and what was wrong with its cases and was put right, or is left out.
        package var warnings: [String] = []
        /// What the system said of the inputs when they were digested.
        var stamps: InputWatch.Stamps = [:]
        /// Which libraries its components may bind functions from.
        var permission = CodePermission.none
        /// In the order in which they can be made; see ``SettingsCheck``.
        var components: [PlacedComponent] = []
        /// The experiment file's bytes; nil for a run that is resumed from its folder.
        var source: Data?
        /// Folders of shards that are put together; see ``InfluencePart``.
        var merged: [String] = []

        /// What its worker is handed.
        var task: FolderTask {
            var task = FolderTask(folder: folder.url.path)
            (task.stamps, task.permission) = (stamps, permission)
            return task
        }
    }

    /// `--plugin` files and folders.
    package var plugins: [String]
    /// What files may have loaded beyond the plugins of the search path.
    package var permission: CodePermission

    package init(plugins: [String] = [], permission: CodePermission = .none) {
        self.plugins = plugins
        self.permission = permission
    }

    // MARK: Planning

    /// Checks everything that can be checked without the weights: file, overrides, plugins, settings, layers and sites of the
    /// model, data, needs, and what components say of their settings.
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
        let readings = PlanReadings()
        var settings = SettingsCheck()
        for member in suite.members {
            do {
                let run = try plan(member.experiment, readings)
                settings.add(run, label: member.label)
                runs.append((member, run))
            } catch {
                throw RuntimeError(error.kind, "\(member.label): \(error.message)", hint: error.hint)
            }
        }
        try settings.perform()
        return runs
    }

    /// One run.
    package func plan(_ experiment: Experiment) throws(RuntimeError) -> PlannedRun {
        let run = try plan(experiment, PlanReadings())
        var settings = SettingsCheck()
        settings.add(run)
        try settings.perform()
        return run
    }

    /// What a command that uses some of the components does for a suite: each of its runs once, however many members share it.
    ///
    /// - Parameters:
    ///   - command: the end of the runs' names.
    ///   - output: the folder that result folders go into; nil: that of the file.
    ///   - change: what the command line adds to each experiment.
    /// - Throws: what is wrong with one of the experiments, under its label.
    func plan(
        _ suite: ExperimentSuite, used: ExperimentParts, as command: String, output: String?,
        _ change: (inout Experiment) throws(RuntimeError) -> Void = { (_) throws(RuntimeError) in }
    ) throws(RuntimeError) -> [PlannedRun] {
        var planned: [PlannedRun] = []
        let readings = PlanReadings()
        var settings = SettingsCheck()
        for member in suite.members {
            var experiment = member.experiment
            experiment.name = "\(suite.name)-\(command)"
            if let output { experiment.output.folder = experiment.paths.absolute(output) }
            let run: PlannedRun
            do {
                try change(&experiment)
                run = try plan(experiment, readings, used: used)
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

    /// One run, but for what its components say of their settings.
    ///
    /// - Parameters:
    ///   - readings: what was read already for other runs.
    ///   - used: leaves the other components out; see ``planToLocate(_:output:)`` and ``planToEvaluate(_:patches:output:)``.
    func plan(
        _ experiment: Experiment, _ readings: PlanReadings, used: ExperimentParts = .all
    ) throws(RuntimeError) -> PlannedRun {
        let ownPlugins = plugins + experiment.plugins.filter { !experiment.pluginsOfFile.contains($0) }
        try self.permission.require(
            PluginSearchPath(named: ownPlugins).lacking(experiment.pluginsOfFile), namedBy: experiment.file)
        for patch in experiment.model.patches { _ = try PatchManifest(folder: URL(fileURLWithPath: patch)) }
        let named = plugins + experiment.plugins
        let catalogue = try PluginCatalogue.scanBlocking(PluginSearchPath(named: named))
        let model = try readings.inspection(of: experiment.model)
        var needs: [CaseRequirements.Need] = []
        var notes: [String] = []
        var libraries: [SettingLibrary] = []
        var components: [PlacedComponent] = []
        var resolved = try experiment.resolve(
            note: { notes.append($0) }, needs: { needs.append($0) }, libraries: { libraries.append($0) },
            made: { components.append($0) }, model: ModelParts(model), used: used
        ) {
            kind, request throws(RuntimeError) in try catalogue.find(kind: kind, id: request.name)
        }
        try resolved.checkTraining()
        var permission = permission
        permission.allowed += libraries.filter(\.isTrusted).map(\.name)
        try permission.require(libraries.map(\.name), namedBy: experiment.file)
        let selection = try CaseSelection(resolved.dataset, model: resolved.model.source, needs: needs)
        resolved.versions = Versions.current
        let stamps = try readings.inputs.record(in: &resolved)
        var planned = planned(resolved, selection, model, source: experiment.source)
        if resolved.dataset.known != nil {
            notes.append(
                "the numbers of cases are the largest possible: the unedited model decides at the start which ones it knows"
            )
        }
        planned.notes = notes
        planned.warnings = try catalogue.unusable(among: named) + planned.warnings
        planned.stamps = stamps
        planned.permission = permission
        planned.components = components
        return planned
    }

    /// The run of a folder that was interrupted.
    ///
    /// - Throws: `usage` for a folder that holds no run, and for one that names code without permission; `file` or `plugin` when
    ///   something that decides about the numbers has changed since, this program included.
    package func resume(folder: String) throws(RuntimeError) -> PlannedRun {
        let experiment = try ResolvedExperiment(runFolder: folder, isToBeContinued: true)
        _ = try experiment.requiredMethod()
        // Before anything else: a run folder may be a stranger's as well as an experiment file.
        let libraries = Set(experiment.components.map(\.file)).sorted()
        try permission.require(
            PluginSearchPath(named: plugins).lacking(libraries), namedBy: "the run folder '\(folder)'")
        try Versions.check(experiment.versions, of: folder)
        let inputs = InputWatch(experiment)
        try inputs.check()
        let catalogue = try PluginCatalogue.scanBlocking(.only(libraries))
        try permission.require(
            try SettingLibrary.all(of: experiment, in: catalogue), namedBy: "the run folder '\(folder)'")
        let selection = try CaseSelection(
            experiment.dataset, model: experiment.model.source, needs: try needs(of: experiment, in: catalogue))
        var planned = planned(
            experiment, selection, try PlanReadings().inspection(of: experiment.model), source: nil)
        planned.permission = permission
        planned.folder = RunFolder(URL(fileURLWithPath: folder))
        planned.stamps = inputs.stamps
        return planned
    }

    /// What the components of a resumed run need of each case, as the run was planned.
    private func needs(
        of experiment: ResolvedExperiment, in catalogue: PluginCatalogue
    ) throws(RuntimeError) -> [CaseRequirements.Need] {
        // Where nothing is skipped, the plan has made sure that nothing is missing.
        guard experiment.dataset.invalid == .skip else { return [] }
        var needs: [CaseRequirements.Need] = []
        for component in experiment.components {
            let description = try catalogue.find(kind: component.kind, id: component.id)
            needs += CaseRequirements.needs(of: description, component.arguments)
        }
        return needs
    }

    private func planned(
        _ experiment: ResolvedExperiment, _ selection: CaseSelection, _ model: ModelInspection, source: Data?
    ) -> PlannedRun {
        let count = min(selection.cases.count, experiment.dataset.limit ?? .max)
        let folder = URL(fileURLWithPath: experiment.output.folder).appending(path: experiment.runID)
        let memory = MemoryPlan(of: experiment, model)
        return PlannedRun(
            experiment: experiment, folder: RunFolder(folder), caseCount: count, skipped: selection.skipped,
            groupCount: EditGroups(experiment.edit, caseCount: count).groups.count, memory: memory,
            warnings: model.warnings + selection.warnings + [memory.warning].compactMap(\.self), source: source)
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
        try perform(RunJob(planned.task), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try results(planned.folder)
    }

    /// Does a job in a worker, which leaves its results in the folder; not where the folder says that it is done.
    ///
    /// - Throws: `busy` where another process works in the folder; it is left as it is then.
    func perform(
        _ job: some WorkerJob, of planned: PlannedRun, startsAnew: Bool, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) {
        let folder = planned.folder
        if folder.isDone && !startsAnew {
            Leftovers(in: folder.url).remove()
            return
        }
        try Self.make(folder)
        let lock = try PlaceLock(folder.lock, of: "the run folder '\(folder.url.path)'")
        defer { withExtendedLifetime(lock) {} }
        Leftovers(in: folder.url).remove()
        if startsAnew { try folder.clear() }
        // The process that held the lock may have done it.
        if folder.isDone { return }
        do {
            try prepare(planned)
            let log = try RunLog(folder.log)
            log.write(.log(level: RunLog.info, message: "memory: \(planned.memory.sentence)"))
            for warning in planned.warnings { log.write(.log(level: RunLog.warning, message: warning)) }
            let worker = WorkerProcess(
                limits: .init(stallSeconds: planned.experiment.limits.stallSeconds), forwardsSignals: true,
                lock: lock.descriptor)
            do {
                _ = try worker.runBlocking(job) { event in
                    log.write(event)
                    onEvent(event)
                }
            } catch {
                throw explained(error, of: planned, log)
            }
        } catch {
            let failure = RuntimeError(error)
            if failure.kind != .interrupted {
                try? RunFolder.write(Data("\(failure.description)\n".utf8), to: folder.failed)
            }
            throw failure
        }
    }

    /// Why a worker failed. Where something that it reads has changed, whatever it died of may only follow from that: a model
    /// that is cut short ends a process in the middle of the work of a component that has no part in it.
    private func explained(_ failure: RuntimeError, of planned: PlannedRun, _ log: RunLog) -> RuntimeError {
        guard failure.kind != .interrupted else { return failure }
        do {
            try InputWatch(planned.experiment, stamps: planned.stamps).check()
            return failure
        } catch {
            if error != failure { log.write(.log(level: RunLog.error, message: failure.description)) }
            return error
        }
    }

    /// The figures of a finished run.
    package func results(_ folder: RunFolder) throws(RuntimeError) -> MetricsFile {
        try folder.read(MetricsFile.self, from: folder.metrics)
    }

    /// The cases of a finished run, one per line of cases.jsonl.
    package func cases(_ folder: RunFolder) throws(RuntimeError) -> [CaseResult] {
        try folder.readLines(CaseResult.self, from: folder.cases)
    }

    /// The cases that a finished run left out.
    package func skipped(_ folder: RunFolder) throws(RuntimeError) -> [SkippedCase] {
        guard FileManager.default.fileExists(atPath: folder.skipped.path) else { return [] }
        return try folder.readLines(SkippedCase.self, from: folder.skipped)
    }

    private static func make(_ folder: RunFolder) throws(RuntimeError) {
        do {
            try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
        } catch {
            throw RuntimeError(
                .usage, "the run folder \(folder.url.path) cannot be made: \(error.localizedDescription)",
                hint: "choose another output.dir")
        }
    }

    private func prepare(_ planned: PlannedRun) throws {
        try? FileManager.default.removeItem(at: planned.folder.failed)
        if let source = planned.source { try planned.experiment.write(to: planned.folder.url.path, source: source) }
    }
}

/// log.jsonl holds what host and plugins said during a run, one line each, with its time. A resumed run appends to it.
private final class RunLog {
    /// Levels of the ABI.
    static let info: Int32 = 1
    static let warning: Int32 = 2
    static let error: Int32 = 3

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
