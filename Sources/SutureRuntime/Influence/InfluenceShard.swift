// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// influence-shard.json: what one of several processes has traced, and what its scores belong to.
package struct InfluenceShard: Sendable, Codable {
    private static let format = "suture-influence-shard/1"

    private var format = InfluenceShard.format
    package var shard: Shard
    /// Of the examples, from 0.
    package var examples: Range<Int>
    /// Examples of all shards.
    package var total: Int
    package var queries: Int
    package var estimator: LocationsFile.Locator
    package var seconds: [String: Double] = [:]
    /// Of the worker, in bytes.
    package var peakMemory = 0
    private var owner: Owner

    /// What the scores depend on, in digests.
    private struct Owner: Sendable, Hashable, Codable {
        var model: String
        var training: String
        var trainingDigest: String
        var plugin: String
        var experiment: String

        init(_ experiment: ResolvedExperiment, _ estimator: ResolvedComponent, _ training: TrainingFile) {
            model = experiment.editedModelDigest
            self.training = training.path
            trainingDigest = training.digest
            plugin = estimator.digest
            self.experiment = experiment.digest
        }
    }

    init(
        _ shard: Shard, of experiment: ResolvedExperiment, _ estimator: ResolvedComponent, _ training: TrainingFile,
        queries: Int
    ) {
        self.shard = shard
        examples = shard.range(of: training.count, blockSize: InfluenceService.blockSize)
        total = training.count
        self.queries = queries
        self.estimator = LocationsFile.Locator(estimator)
        owner = Owner(experiment, estimator, training)
    }

    /// Why the scores cannot belong to an experiment; nil where they can.
    ///
    /// - Parameter expected: any shard of the experiment.
    private func difference(from expected: InfluenceShard) -> String? {
        let (owner, other, name) = (owner, expected.owner, expected.estimator.name)
        if owner.model != other.model { return "is of another model than the experiment file names" }
        if owner.trainingDigest != other.trainingDigest {
            return "is over other training examples than the experiment file names"
        }
        if estimator.name != name { return "is by \(estimator.name), and the experiment file names \(name)" }
        if estimator != expected.estimator { return "is by \(name) with other settings than the experiment file has" }
        if owner.plugin != other.plugin { return "is by another build of the plugin of \(name) than the one here" }
        if owner.experiment != other.experiment {
            return "is of another experiment: cases, settings, threads or the build of Suture differ"
        }
        return nil
    }

    // MARK: Putting shards together

    /// Looks whether folders hold all shards of an experiment.
    ///
    /// - Parameter expected: any shard of the experiment.
    /// - Returns: the folders in the order of the shards.
    /// - Throws: `usage` for a shard that is missing, is there twice, or belongs to something else; `file` for a damaged one.
    static func ordered(_ folders: [String], asOf expected: InfluenceShard) throws(RuntimeError) -> [RunFolder] {
        var set = ShardSet()
        var found: [(number: Int, folder: RunFolder)] = []
        for path in folders {
            let folder = RunFolder(URL(fileURLWithPath: path))
            let shard = try InfluenceShard(folder)
            if let difference = shard.difference(from: expected) {
                throw RuntimeError(
                    .usage, "the shard in '\(path)' \(difference)",
                    hint: "merge the shards of one experiment, with the file that made them")
            }
            try set.add(shard.shard, path)
            try FinishedFiles(of: folder).checkFile(folder.scores, in: folder)
            found.append((shard.shard.number, folder))
        }
        try set.checkIsWhole(command: "suture influence FILE")
        return found.sorted { $0.number < $1.number }.map(\.folder)
    }

    /// - Throws: `usage` for a folder without a finished shard.
    private init(_ folder: RunFolder) throws(RuntimeError) {
        guard FileManager.default.fileExists(atPath: folder.influenceShard.path) else {
            // A process that was ended while it fitted has left its settings and no score.
            let settings = folder.url.appending(path: ResolvedExperiment.fileName)
            let isHalf = FileManager.default.fileExists(atPath: settings.path) && !folder.isDone
            throw RuntimeError(
                .usage,
                isHalf
                    ? "the shard in '\(folder.url.path)' is not finished"
                    : "'\(folder.url.path)' holds no shard of an estimate",
                hint: isHalf
                    ? "start its command again; it goes on where it stopped"
                    : "give the folders that `suture influence FILE --shard` has left")
        }
        self = try folder.read(InfluenceShard.self, from: folder.influenceShard)
        guard folder.isDone, format == Self.format else {
            throw RuntimeError(
                .usage, "the shard in '\(folder.url.path)' is not finished",
                hint: "start its command again; it goes on where it stopped")
        }
    }
}

extension RunFolder {
    package var influenceShard: URL { url.appending(path: "influence-shard.json") }
}
