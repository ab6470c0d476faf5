// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Second moments for components: from memory, from the disk cache, or computed once for all layers that are missing.
///
/// A cache file is named by the digest of everything that its numbers depend on: weights, configuration, tokenizer, text,
/// line limit, length, token budget, batch budget, dtype, site and layer.
package final class StatisticsService {
    private let model: LanguageModel
    private let settings: Experiment.Statistics?
    private let modelDigest: String
    private let cache: URL
    private static let momentsName = "moments"
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
        self.cache = cache
        self.warn = warn
        self.checkInputs = checkInputs
        self.progress = progress
        Leftovers(in: cache.appending(path: Self.momentsName), isDeep: false).remove()
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
        var files: [Int: URL] = [:]
        var source: StatisticsText?
        for layer in layers where memory[Site(kind, layer: layer)] == nil {
            let text = try source ?? StatisticsText(settings)
            source = text
            let key = CacheKey(
                settings: settings, text: text.identity, model: modelDigest, dtype: model.dtype,
                site: Site(kind, layer: layer))
            let url = key.file(in: cache)
            files[layer] = url
            if let moment = kept(at: url) { memory[Site(kind, layer: layer)] = try moment.protected() }
        }
        let missing = layers.filter { memory[Site(kind, layer: $0)] == nil }
        if !missing.isEmpty, let source {
            let pass = SecondMomentPass(model: model, settings: settings, progress: progress)
            let rows = try rows ?? source.rows(for: pass)
            // What the model writes takes longer to make than to keep.
            if case .sampled = source { self.rows = rows }
            let moments = try pass.run(kind, layers: missing, rows: rows)
            try checkInputs()
            for (layer, moment) in zip(missing, moments) {
                memory[Site(kind, layer: layer)] = try moment.protected()
                if let url = files[layer] { keep(moment, at: url) }
            }
        }
        return try layers.map { layer in
            guard let moment = memory[Site(kind, layer: layer)] else {
                throw RuntimeError(.run, "the second moment of layer \(layer) was not computed")
            }
            return moment
        }
    }

    /// Which layers of a run are on disk already. Computes nothing.
    static func cachedLayers(
        _ kind: Site.Kind, layers: Range<Int>, of experiment: ResolvedExperiment, cache: URL = cacheFolder
    ) throws -> [Int] {
        guard let settings = experiment.statistics else { return [] }
        let text = try StatisticsText(settings)
        return layers.filter { layer in
            let key = CacheKey(
                settings: settings, text: text.identity, model: experiment.editedModelDigest,
                dtype: experiment.model.dtype, site: Site(kind, layer: layer))
            return FileManager.default.fileExists(atPath: key.file(in: cache).path)
        }
    }

    /// Everything that the numbers of one second moment depend on.
    private struct CacheKey {
        var settings: Experiment.Statistics
        var text: String
        var model: String
        var dtype: DType
        var site: Site

        func file(in cache: URL) -> URL {
            let key = [
                "second-moment/2", model, text, String(settings.maxLength), String(settings.maxTokens ?? -1),
                String(settings.batchTokens), settings.dtype.description, dtype.description, site.description,
            ].joined(separator: "\n")
            return cache.appending(path: "\(momentsName)/\(Digest.of(Data(key.utf8))).safetensors")
        }
    }

    /// A moment of the cache; nil where there is none. A file that is damaged is as none, and a warning says so.
    private func kept(at url: URL) -> SecondMoment? {
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        do {
            let tensors = try TensorFile.read(url)
            guard let matrix = tensors["moment"], let count = try tensors["tokens"]?.scalars(as: Int.self).first else {
                throw TensorFile.isDamaged(url)
            }
            return SecondMoment(matrix: matrix, tokenCount: count)
        } catch {
            warn("a second moment is computed again: \(RuntimeError(error).message)")
            return nil
        }
    }

    /// Writes a moment to the cache. A cache that is full or may not be written costs time in the next run, and not this one.
    private func keep(_ moment: SecondMoment, at url: URL) {
        guard cacheIsUsable else { return }
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try TensorFile.write(
                [("moment", moment.matrix), ("tokens", Tensor([moment.tokenCount]))], to: url)
        } catch {
            cacheIsUsable = false
            warn(
                "second moments cannot be kept for other runs: \(RuntimeError(error).message); set SUTURE_CACHE to a "
                    + "folder with space where you may write")
        }
    }
}

extension SecondMoment {
    /// Every component of the run gets this matrix to see, and none can change it.
    fileprivate func protected() throws(SutureError) -> SecondMoment {
        SecondMoment(matrix: try matrix.protected(), tokenCount: tokenCount)
    }
}
