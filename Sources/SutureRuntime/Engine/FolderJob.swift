// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// A worker's job that does what config.resolved.yaml of a folder says and leaves its results there.
package protocol FolderJob: WorkerJob where Result == FolderJobResult {
    var task: FolderTask { get }
    /// What ends the job where the host asks for that.
    static var interruption: SutureError { get }
    func run(_ work: FolderWork) throws
}

/// What the host hands a ``FolderJob``.
package struct FolderTask: Codable, Sendable {
    /// The run folder.
    package var folder: String
    /// What the system said of the inputs when the host digested them; see ``InputWatch``.
    package var stamps: InputWatch.Stamps = [:]
    /// Which libraries the folder may name.
    package var permission = CodePermission.none

    package init(folder: String) { self.folder = folder }
}

/// The results of a ``FolderJob`` are in its folder.
package struct FolderJobResult: Codable, Sendable {
    package init() {}
}

extension FolderJob {
    package func run(in link: WorkerLink) throws -> FolderJobResult {
        let folder = RunFolder(URL(fileURLWithPath: task.folder))
        let experiment = try ResolvedExperiment(runFolder: folder.url.path, isToBeContinued: true)
        let inputs = InputWatch(experiment, stamps: task.stamps)
        try inputs.check()
        try HostTables.install(for: link, permission: task.permission, threads: experiment.model.threads)
        try run(
            FolderWork(
                folder: folder, experiment: experiment, inputs: inputs, link: link, interruption: Self.interruption))
        return FolderJobResult()
    }
}

/// What a ``FolderJob`` works on.
package struct FolderWork: RunEvents {
    package let folder: RunFolder
    package let experiment: ResolvedExperiment
    /// Compared at the start already.
    package let inputs: InputWatch
    fileprivate let link: WorkerLink
    fileprivate let interruption: SutureError

    package func phase(_ name: String, done: Int, total: Int) throws {
        link.phase(name, done, of: total)
        if link.isCancelled { throw interruption }
    }
}

extension ResolvedExperiment {
    /// The model with the patches of the experiment over it. The host has said what its folder warns of.
    ///
    /// - Throws: what is wrong with the folder or with a patch, and where one of them changes meanwhile.
    func loadModel(_ inputs: InputWatch) throws -> LanguageModel {
        let model = try PatchOverlay(model.patches, over: try loadStoredModel(inputs)).model
        try inputs.check()
        return model
    }

    /// The model as it is on disk.
    ///
    /// - Throws: what is wrong with the folder, and where it changes meanwhile.
    func loadStoredModel(_ inputs: InputWatch) throws -> LanguageModel {
        let model = try LanguageModel(
            folder: URL(fileURLWithPath: model.source), dtype: model.dtype, device: model.device)
        try inputs.check()
        return model
    }

    /// The cases that the unedited model knows, where the dataset asks for that.
    ///
    /// - Parameter progress: hears of the phase "known".
    func known(
        _ selection: CaseSelection, by model: LanguageModel, in folder: RunFolder,
        _ progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void
    ) throws -> (selection: CaseSelection, metrics: [StagedMetric]) {
        try KnownCases.choose(
            from: selection, of: dataset, by: model, keptIn: folder.state.appending(path: "known.json")
        ) { try progress("known", $0, $1) }
    }

    /// The second moments of a model.
    ///
    /// - Parameter digest: ``modelDigest`` of the model as it is on disk, ``editedModelDigest`` of the one with patches.
    func statistics(
        of model: LanguageModel, digest: String, _ inputs: InputWatch, cache: URL = StatisticsService.cacheFolder,
        progress: @escaping (Int, Int) throws -> Void
    ) -> StatisticsService {
        StatisticsService(
            model: model, settings: statistics, modelDigest: digest, cache: cache, checkInputs: inputs.check,
            progress: progress)
    }
}
