// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// The second moments of the inputs of weights that patches change.
enum KeyMoments {
    /// - Parameter place: a run folder, whose moments are in the cache or in the files that the run names; or files of moments, as
    ///   ``MomentFiles/byLayer(_:)`` reads them.
    /// - Returns: float64 `[in, in]`, by the name of the weight. The moment of a layer belongs to those of its weights that have as
    ///   many inputs.
    /// - Throws: `usage` where nothing is there, or none of the weights has a moment; what is wrong with a file.
    static func of(
        _ changes: [PatchManifest.Change], from place: String, cache: URL = StatisticsService.cacheFolder
    ) throws(RuntimeError) -> [String: Tensor] {
        let layers = Set(changes.compactMap { MomentFiles.layer(ofFile: $0.parameter) })
        let known = try moments(of: layers, from: place, cache)
        var found: [String: Tensor] = [:]
        for change in changes {
            guard let layer = MomentFiles.layer(ofFile: change.parameter), let moment = known[layer],
                change.shape.count == 2, change.shape[1] == moment.shape[0]
            else { continue }
            found[change.parameter] = moment
        }
        guard !found.isEmpty else {
            throw RuntimeError(
                .usage, "'\(place)' has no second moment of a weight that the patches change",
                hint: "give the folder of a run that made one of them, or files of the model's second moments")
        }
        return found
    }

    private static func moments(
        of layers: Set<Int>, from place: String, _ cache: URL
    ) throws(RuntimeError) -> [Int: Tensor] {
        let path = URL(fileURLWithPath: place).standardizedFileURL.path
        let isRun = FileManager.default.fileExists(atPath: path + "/" + ResolvedExperiment.fileName)
        guard isRun else {
            guard let files = try MomentFiles.byLayer(path) else {
                throw RuntimeError(
                    .usage, "there are no second moments at '\(place)'",
                    hint: "give a run folder, a file, a folder of files, or a name with {} for the layer")
            }
            return try read(files, layers)
        }
        let experiment = try ResolvedExperiment(runFolder: path)
        guard let settings = experiment.statistics else { return [:] }
        guard settings.moments.isEmpty else { return try read(settings.moments, layers) }
        let key = try experiment.momentKey(settings, .neurons)
        var moments: [Int: Tensor] = [:]
        for layer in layers {
            let kept = try RuntimeError.wrapping(.file) { try MomentCache(cache).moment(of: key, layer: layer) }
            moments[layer] = kept?.matrix
        }
        return moments
    }

    private static func read(_ files: [Int: String], _ layers: Set<Int>) throws(RuntimeError) -> [Int: Tensor] {
        var moments: [Int: Tensor] = [:]
        for (layer, file) in files where layers.contains(layer) {
            moments[layer] = try MomentFile(URL(fileURLWithPath: file)).moment.matrix
        }
        return moments
    }
}
