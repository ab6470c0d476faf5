// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// What a trace takes beside the model, as far as the host knows it. What an estimator keeps is its own; see
/// ``uncounted(weights:)``.
struct InfluenceMemory {
    /// Examples that this process traces.
    var examples: Int
    var queries: Int
    /// Of each ranking.
    var top: Int
    var knowsPlanted: Bool
    /// What is chosen to be traced, where that is not all.
    var candidates: Experiment.Candidates?
    var training: TrainingFile

    /// None of these but the first and the last grows with the training file.
    var parts: [MemoryPlan.Part] {
        var parts = [
            MemoryPlan.Part("places in the training file", training.indexSize),
            // As the estimator hands them out, in the order of the file, and as bytes.
            MemoryPlan.Part("a block of scores", 3 * InfluenceService.blockSize * queries * MemoryLayout<Float>.size),
            MemoryPlan.Part(
                "rankings", ScoreFile.rowsAtOnce * queries * MemoryLayout<Float>.size + 2 * top * queries * 16),
        ]
        if let candidates {
            // While they are chosen, each query has a list of its own.
            parts.append(MemoryPlan.Part("candidates", 2 * min(candidates.top, examples) * queries * 16))
        }
        if knowsPlanted {
            parts.append(MemoryPlan.Part("scores beside planted lines", examples * MemoryLayout<Double>.size))
        }
        return parts
    }

    /// What is not in ``parts``, with a bound where there is one.
    ///
    /// - Parameter weights: of the model.
    func uncounted(weights: Int) -> String {
        let gradients = weights * MemoryLayout<Float>.size
        return
            "not counted is what the estimator keeps: factors, activations, and gradients of \(queries) "
            + "quer\(queries == 1 ? "y" : "ies"), \(Figures.size(gradients)) each if they are of all weights and exact"
    }

    /// Of the file of scores.
    var onDisk: Int { examples * queries * MemoryLayout<Float>.size }
}

extension RunLauncher.PlannedRun {
    /// Adds what a trace takes, and says it before anything starts.
    mutating func plan(_ influence: InfluenceMemory) {
        warnings.removeAll { $0 == memory.warning }
        memory.parts = influence.parts
        memory.uncounted = influence.uncounted(
            weights: (memory.mapped + memory.converted) / experiment.model.dtype.size)
        if let warning = memory.warning { warnings.append(warning) }
        guard !folder.isDone else { return }
        notes.append("memory: \(memory.sentence)")
        guard let free = Self.freeDisk(at: folder.url), influence.onDisk > free else { return }
        warnings.append(
            "the scores of \(influence.examples) examples and \(influence.queries) queries take "
                + "\(Figures.size(influence.onDisk)) on disk, and \(Figures.size(free)) are free in '\(folder.url.path)'"
        )
    }

    /// Of the disk of a folder, which need not exist yet.
    private static func freeDisk(at url: URL) -> Int? {
        var place = url
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
            place = place.deletingLastPathComponent()
        }
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: place.path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }
}
