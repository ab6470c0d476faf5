// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Second moments for components: from memory, from the files that the experiment names, from the disk cache, or computed once
/// for all layers that are missing.
///
/// A cache file is named by the digest of everything that its numbers depend on: weights, configuration, tokenizer, text,
/// line limit, length, token budget, batch budget, dtype, site and layer.
package final class StatisticsService {
    private let model: LanguageModel
    private let settings: Experiment.Statistics?
    private let modelDigest: String
    private let cache: MomentCache
    private var memory: [Site: SecondMoment] = [:]
    /// What the model has written.
    private var rows: [[Int]]?
    private var cacheIsUsable = true
    private let warn: (String) -> Void
    private let checkInputs: () throws -> Void
    private let progress: (_ done: Int, _ total: Int) throws -> Void

    /// - Parameters:
    ///   - modelDigest: of everything in the model folder that the numbers depend on.
    ///   - warn: takes a sentence, where the cache cannot be written or a file of it is damaged.
    ///   - checkInputs: throws where model or text have changed; what was computed from them is not kept then.
    package init(
        model: LanguageModel, settings: Experiment.Statistics?, modelDigest: String,
        cache: URL = StatisticsService.cacheFolder,
        warn: @escaping (String) -> Void = { Host.log(.warning, $0) }, checkInputs: @escaping () throws -> Void = {},
        progress: @escaping (Int, Int) throws -> Void
    ) {
        self.model = model
        self.settings = settings
        self.modelDigest = modelDigest
        self.cache = MomentCache(cache)
        self.warn = warn
        self.checkInputs = checkInputs
        self.progress = progress
        Leftovers(in: self.cache.folder, isDeep: false).remove()
    }

    /// `SUTURE_CACHE`, else `$XDG_CACHE_HOME/suture`, else `~/.cache/suture`.
    package static var cacheFolder: URL {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["SUTURE_CACHE"], !folder.isEmpty { return URL(fileURLWithPath: folder) }
        if let folder = environment["XDG_CACHE_HOME"], !folder.isEmpty {
            return URL(fileURLWithPath: folder).appending(path: "suture")
        }
        return FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache/suture")
    }

    /// - Throws: no statistics text in the experiment; layers that the model lacks; unreadable text.
    package func secondMoments(_ kind: Site.Kind, layers: [Int]) throws -> [SecondMoment] {
        guard let settings else {
            throw RuntimeError(
                .usage, "the method needs second moments, and the experiment names no text for them",
                hint:
                    "add statistics: {path: a text file, limit: how many of its lines}, or statistics: {source: model}")
        }
        if let layer = layers.first(where: { !(0..<model.configuration.layerCount).contains($0) }) {
            throw RuntimeError(
                .usage, "second moments of layer \(layer): the model has \(model.configuration.layerCount) layers",
                hint: "layers count from 0")
        }
        let missing = layers.filter { memory[Site(kind, layer: $0)] == nil }
        if !missing.isEmpty {
            let found =
                try settings.moments.isEmpty
                ? computed(kind, layers: missing, settings) : given(kind, layers: missing, settings.moments)
            for (layer, moment) in found { memory[Site(kind, layer: layer)] = try moment.protected() }
        }
        return try layers.map { layer in
            guard let moment = memory[Site(kind, layer: layer)] else {
                throw RuntimeError(.run, "the second moment of layer \(layer) was not computed")
            }
            return moment
        }
    }

    /// Moments of the files that the experiment names.
    private func given(
        _ kind: Site.Kind, layers: [Int], _ files: [Int: String]
    ) throws -> [(layer: Int, moment: SecondMoment)] {
        let read = try layers.map { layer in
            (layer, try MomentFile(layer, of: files, kind: kind, width: model.configuration.dMLP).moment)
        }
        try checkInputs()
        return read
    }

    /// Moments over the experiment's text: those of the cache, and the others computed together and kept there.
    private func computed(
        _ kind: Site.Kind, layers: [Int], _ settings: Experiment.Statistics
    ) throws -> [(layer: Int, moment: SecondMoment)] {
        let source = try StatisticsText(settings)
        let key = MomentKey(settings, text: source.identity, model: modelDigest, dtype: model.dtype, kind: kind)
        var found = layers.compactMap { layer in kept(key, layer).map { (layer: layer, moment: $0) } }
        if !found.isEmpty {
            let known = found.map { String($0.layer) }.joined(separator: ", ")
            Host.log(.info, "layers whose second moments are in the cache: \(known)")
        }
        let missing = layers.filter { layer in !found.contains { $0.layer == layer } }
        guard !missing.isEmpty else { return found }
        let pass = SecondMomentPass(model: model, settings: settings, progress: progress)
        let rows = try rows ?? source.rows(for: pass)
        // What the model writes takes longer to make than to keep.
        if case .sampled = source { self.rows = rows }
        let moments = try pass.run(kind, layers: missing, rows: rows)
        try checkInputs()
        for (layer, moment) in zip(missing, moments) {
            found.append((layer, moment))
            keep(moment, key, layer)
        }
        return found
    }

    /// Which layers of a run are on disk already. Computes nothing.
    static func cachedLayers(
        _ kind: Site.Kind, layers: Range<Int>, of experiment: ResolvedExperiment, cache: URL = cacheFolder
    ) throws -> [Int] {
        guard let settings = experiment.statistics else { return [] }
        guard settings.moments.isEmpty else { return layers.filter(settings.moments.keys.contains) }
        let key = try experiment.momentKey(settings, kind)
        return layers.filter { MomentCache(cache).holds(key, layer: $0) }
    }

    /// A moment of the cache; nil where there is none. A file that is damaged is as none, and a warning says so.
    private func kept(_ key: MomentKey, _ layer: Int) -> SecondMoment? {
        do {
            return try cache.moment(of: key, layer: layer)
        } catch {
            warn("a second moment is computed again: \(RuntimeError(error).message)")
            return nil
        }
    }

    /// Writes a moment to the cache. A cache that is full or may not be written costs time in the next run, and not this one.
    private func keep(_ moment: SecondMoment, _ key: MomentKey, _ layer: Int) {
        guard cacheIsUsable else { return }
        do {
            try cache.keep(moment, of: key, layer: layer)
        } catch {
            cacheIsUsable = false
            warn(
                "second moments cannot be kept for other runs: \(RuntimeError(error).message); set SUTURE_CACHE to a "
                    + "folder with space where you may write")
        }
    }
}

extension ResolvedExperiment {
    /// What the moments of a run depend on: those of the model that it edits.
    ///
    /// - Throws: what is wrong with the text.
    func momentKey(_ settings: Experiment.Statistics, _ kind: Site.Kind) throws(RuntimeError) -> MomentKey {
        MomentKey(
            settings, text: try StatisticsText(settings).identity, model: editedModelDigest, dtype: model.dtype,
            kind: kind)
    }
}

extension SecondMoment {
    /// Every component of the run gets this matrix to see, and none can change it.
    fileprivate func protected() throws(SutureError) -> SecondMoment {
        SecondMoment(matrix: try matrix.protected(), tokenCount: tokenCount)
    }
}
