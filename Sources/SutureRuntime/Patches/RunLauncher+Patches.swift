// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

extension RunLauncher {
    /// What was measured again of a patch, and what could not be.
    struct Remeasured {
        var figures: [StagedMetric] = []
        /// Names of evaluators, with why they measure nothing here.
        var leftOut: [String: String] = [:]
        /// What may explain a difference, as sentences.
        var notes: [String] = []
    }

    /// Lets the evaluators of the run that made a patch measure its recorded cases again, in a worker.
    ///
    /// - Parameters:
    ///   - place: the patch.
    ///   - evaluation: what its description says of the measurement.
    ///   - model: a model folder.
    ///   - overlays: patches that lie over it.
    ///   - onEvent: hears how far the worker is.
    /// - Throws: what the worker failed of.
    func remeasure(
        _ place: URL, _ evaluation: PatchManifest.Evaluation, in model: URL, over overlays: [URL],
        onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> Remeasured {
        var result = Remeasured()
        let scratch = try RuntimeError.wrapping {
            try TemporaryPlace.make(
                .folder, beside: FileManager.default.temporaryDirectory.appending(path: "suture-verify").path)
        }
        defer { withExtendedLifetime(scratch) { try? FileManager.default.removeItem(atPath: scratch.path) } }
        let catalogue = try PluginCatalogue.scanBlocking(PluginSearchPath(named: plugins))
        var experiment = try Self.experiment(
            place, evaluation, in: model, over: overlays, plugins: plugins, output: scratch.path)
        experiment.evaluators = []
        for recorded in evaluation.evaluators {
            do {
                let evaluator = try recorded.installed(in: catalogue)
                var alone = experiment
                alone.evaluators = [evaluator]
                try Self.checkInputs(of: alone, evaluation)
                if evaluator.digest != recorded.digest {
                    result.notes.append(
                        "the plugin \(recorded.pluginID) of \"\(recorded.label)\" is another build than the run's")
                }
                experiment.evaluators.append(evaluator)
            } catch {
                result.leftOut[recorded.label] = error.message
            }
        }
        guard !experiment.evaluators.isEmpty else { return result }
        try permission.require(
            try SettingLibrary.all(of: experiment, in: catalogue), namedBy: "the patch '\(place.path)'")
        let readings = PlanReadings()
        let inspection = try readings.inspection(of: experiment.model)
        experiment.versions = Versions.current
        let stamps = try readings.inputs.record(in: &experiment)
        let run = PlannedRun(
            experiment: experiment, folder: RunFolder(URL(fileURLWithPath: scratch.path).appending(path: "run")),
            caseCount: 0, skipped: [], groupCount: 1, memory: MemoryPlan(of: experiment, inspection), stamps: stamps,
            permission: permission, source: Data())
        try perform(
            PatchMeasureJob(task: run.task, patch: place.path), of: run, startsAnew: false, onEvent: onEvent)
        result.figures = try results(run.folder).metrics
        return result
    }

    /// An experiment that only evaluates, without evaluators.
    private static func experiment(
        _ place: URL, _ evaluation: PatchManifest.Evaluation, in model: URL, over overlays: [URL], plugins: [String],
        output: String
    ) throws(RuntimeError) -> ResolvedExperiment {
        guard let dtype = DType(named: evaluation.dtype) else {
            throw RuntimeError(
                .file,
                "the patch '\(place.path)' was measured in \"\(evaluation.dtype)\", which this version does not know",
                hint: "use the version of suture that wrote it")
        }
        return ResolvedExperiment(
            name: "verify",
            model: Experiment.Model(
                source: model.path, dtype: dtype, device: .cpu, threads: Processor.defaultThreads,
                patches: overlays.map(\.path)),
            plugins: plugins,
            // The job reads the cases itself; what is named here is watched for changes.
            dataset: Experiment.Dataset(
                name: TextReader().name, path: place.appending(path: PatchRecords.casesName).path, limit: nil, offset: 0
            ),
            locator: nil, method: nil, edit: Experiment.Edit(mode: .batch, size: nil, restore: .afterBatch),
            statistics: nil, evaluators: [], seed: evaluation.seed,
            limits: Experiment.Limits(stallSeconds: Experiment.Limits.usualStallSeconds),
            output: Experiment.Output(folder: output), source: place.appending(path: PatchManifest.fileName).path,
            overrides: [], versions: [:], digests: [:])
    }

    /// That the files that an evaluator reads are those of the run.
    private static func checkInputs(
        of experiment: ResolvedExperiment, _ evaluation: PatchManifest.Evaluation
    ) throws(RuntimeError) {
        for input in experiment.inputs where input.form != .plugin && input.setting.hasPrefix("evaluators.") {
            guard let reading = try? InputReading(input) else {
                throw RuntimeError(.file, "'\(input.path)' of \(input.setting) is not here")
            }
            guard reading.digest == evaluation.inputs[input.setting] else {
                throw RuntimeError(.file, "'\(input.path)' of \(input.setting) is not the run's")
            }
        }
    }
}
