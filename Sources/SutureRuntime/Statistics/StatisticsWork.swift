// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The second moments of an experiment, apart from its runs: computed, as a whole or in shards, merged, and exchanged with the
/// published code.
package struct StatisticsWork {
    /// A second moment that is there now.
    package struct Entry: Sendable, Hashable, Codable {
        package var layer: Int
        /// Of the vectors.
        package var width: Int
        package var tokens: Int
        package var file: String
        /// How many texts it was taken over, where a published file says so.
        package var samples: Int?
        /// Where it comes from: "computed", "in the cache", or the digest of the file that was imported.
        package var source: String
    }

    private let experiment: ResolvedExperiment
    private let inputs: InputWatch
    /// The layers that the experiment's locator names, or all.
    package let layers: [Int]
    private let cache: URL
    private static let kind = Site.Kind.neurons

    /// - Parameter layers: in place of those that the experiment names.
    init(_ planned: RunLauncher.PlannedRun, layers: [Int], cache: URL = StatisticsService.cacheFolder) {
        experiment = planned.experiment
        inputs = InputWatch(planned.experiment, stamps: planned.stamps)
        self.layers = layers
        self.cache = cache
    }

    /// - Throws: `usage` for an experiment without statistics, and for one that names files of moments where they are to be computed.
    private func settings(toCompute: Bool) throws(RuntimeError) -> Experiment.Statistics {
        guard let settings = experiment.statistics else {
            throw RuntimeError(
                .usage, "\(experiment.source) has no statistics", hint: "add statistics: {path: a text file}")
        }
        guard settings.moments.isEmpty || !toCompute else {
            throw RuntimeError(
                .usage, "\(experiment.source) names files of second moments, so there is nothing to compute",
                hint: "name a text with statistics.path")
        }
        return settings
    }

    private func loadModel() throws -> LanguageModel {
        try HostTables.install()
        Processor.use(threads: experiment.model.threads)
        return try experiment.loadModel(inputs)
    }

    /// Computes what the cache does not hold yet.
    ///
    /// - Parameter progress: in tokens, or in passages where the model writes the text first.
    package func compute(progress: @escaping (_ done: Int, _ total: Int) -> Void) throws(RuntimeError) -> [Entry] {
        _ = try settings(toCompute: true)
        return try moments(progress).found.map { layer, moment, file, isNew in
            Entry(
                layer: layer, width: moment.matrix.shape[0], tokens: moment.tokenCount, file: file,
                source: isNew ? "computed" : "in the cache")
        }
    }

    private typealias Found = (layer: Int, moment: SecondMoment, file: String, isNew: Bool)

    /// The moments of all layers, with the files that hold them, and the model that they are of.
    private func moments(
        _ progress: @escaping (Int, Int) -> Void
    ) throws(RuntimeError) -> (model: LanguageModel, found: [Found]) {
        let settings = try settings(toCompute: false)
        return try RuntimeError.wrapping {
            let model = try loadModel()
            let key = try settings.moments.isEmpty ? experiment.momentKey(settings, Self.kind) : nil
            let kept = MomentCache(cache)
            let known = Set(layers.filter { layer in key.map { kept.holds($0, layer: layer) } ?? true })
            let service = experiment.statistics(of: model, digest: experiment.editedModelDigest, inputs, cache: cache) {
                progress($0, $1)
            }
            let moments = try service.secondMoments(Self.kind, layers: layers)
            let found = zip(layers, moments).map { layer, moment -> Found in
                let file = key.map { kept.file(of: $0, layer: layer).path } ?? settings.moments[layer] ?? ""
                return (layer, moment, file, !known.contains(layer))
            }
            return (model, found)
        }
    }

    /// Adds up one share of the text and writes a file for ``merge(_:)``. Where that file is there already, nothing is done.
    ///
    /// - Returns: how many tokens it is over, and whether it was there.
    package func compute(
        _ shard: Shard, to output: URL, progress: @escaping (_ done: Int, _ total: Int) -> Void
    ) throws(RuntimeError) -> (tokens: Int, wasThere: Bool) {
        let settings = try settings(toCompute: true)
        guard settings.dtype == .float64 else {
            throw RuntimeError(
                .usage, "sums in \(settings.dtype) depend on their order, and shards add in another one",
                hint: "leave statistics.dtype out")
        }
        var description = MomentShard.Description(
            key: try experiment.momentKey(settings, Self.kind), layers: layers, shard: shard.description, tokens: 0)
        if FileManager.default.fileExists(atPath: output.path) {
            let other = try MomentShard(output)
            guard other.description.difference(to: description) == nil, other.share == shard else {
                throw RuntimeError(
                    .usage, "'\(output.path)' is there already, and holds another shard", hint: "give another file")
            }
            return (other.description.tokens, true)
        }
        return try RuntimeError.wrapping {
            let model = try loadModel()
            let pass = SecondMomentPass(model: model, settings: settings) { progress($0, $1) }
            let rows = try StatisticsText(settings).rows(for: pass)
            let (sums, tokens) = try pass.sums(Self.kind, layers: layers, rows: rows, of: shard)
            try inputs.check()
            description.tokens = tokens
            try FileManager.default.createDirectory(
                at: output.deletingLastPathComponent(), withIntermediateDirectories: true)
            try MomentShard.write(sums, description, to: output)
            return (tokens, false)
        }
    }

    /// Puts the shards of an experiment together, where its runs look for them.
    package static func merge(
        _ files: [URL], into cache: URL = StatisticsService.cacheFolder
    ) throws(RuntimeError) -> [Entry] {
        try RuntimeError.wrapping { try HostTables.install() }
        let merged = try MomentShard.merge(files, into: cache)
        return zip(merged.layers, merged.files).map { layer, file in
            Entry(
                layer: layer, width: merged.width, tokens: merged.tokens, file: file,
                source: "\(merged.shards) shards")
        }
    }

    /// Writes the moments of the experiment as the published code keeps them, one file for each layer. What is not in the cache
    /// is computed.
    ///
    /// - Parameters:
    ///   - folder: that the files go into. It must be empty, or not exist yet.
    ///   - dtype: of the sums: "float32" or "float64".
    ///   - samples: how many texts the files say that they are over; nil: the lines of the statistics text.
    package func export(
        to folder: URL, dtype: String, samples: Int?, progress: @escaping (_ done: Int, _ total: Int) -> Void
    ) throws(RuntimeError) -> [Entry] {
        guard let dtype = DType(named: dtype), [.float32, .float64].contains(dtype) else {
            throw RuntimeError(.usage, "sums are written in float32 or float64, not in \(dtype)", hint: "set --dtype")
        }
        let settings = try settings(toCompute: false)
        try FolderAssembly.prepare(folder)
        let (model, moments) = try moments(progress)
        return try RuntimeError.wrapping {
            let lines = try settings.path.map { try TextFile($0, limit: settings.limit).lines.count } ?? settings.limit
            let entries = try moments.map { layer, moment, _, _ in
                let count = samples ?? lines ?? moment.tokenCount
                let weight = try model.weightName(reading: Site(Self.kind, layer: layer))
                let module = String(weight.dropLast(".weight".count))
                let name = MomentFile.publishedName(module, dtype: dtype, sampleCount: count)
                return Entry(
                    layer: layer, width: moment.matrix.shape[0], tokens: moment.tokenCount,
                    file: folder.appending(path: name).path, samples: count, source: "exported")
            }
            try FolderAssembly.assemble(at: folder) { partial in
                for (entry, item) in zip(entries, moments) {
                    let name = URL(fileURLWithPath: entry.file).lastPathComponent
                    try MomentFile.write(
                        item.moment, dtype: dtype, sampleCount: entry.samples ?? 0, to: partial.appending(path: name))
                }
            }
            return entries
        }
    }

    /// Brings published files into a folder of our own, checked, in float64, with where they come from.
    ///
    /// - Parameters:
    ///   - layer: of the only file, where its name does not say it.
    ///   - folder: that the moments go into. It must be empty, or not exist yet.
    package static func `import`(_ files: [URL], layer: Int?, to folder: URL) throws(RuntimeError) -> [Entry] {
        try FolderAssembly.prepare(folder)
        var sources: [Int: URL] = [:]
        for file in files {
            guard let number = layer ?? MomentFiles.layer(ofFile: file.path) else {
                throw MomentFiles.hasNoLayer(file.path)
            }
            if let other = sources.updateValue(file, forKey: number) {
                throw RuntimeError(
                    .usage, "'\(other.path)' and '\(file.path)' are both of layer \(number)",
                    hint: "give each layer once")
            }
        }
        return try RuntimeError.wrapping {
            var entries: [Entry] = []
            try FolderAssembly.assemble(at: folder) { partial in
                for (number, source) in sources.sorted(by: { $0.key < $1.key }) {
                    let read = try MomentFile(source)
                    let name = "\(kind.name).\(number)\(MomentFile.ownEnding)"
                    let digest = try Digest.ofFile(source.path)
                    var origin = ["source": source.lastPathComponent, "source_sha256": digest]
                    origin["sample_size"] = read.sampleCount.map(String.init)
                    try MomentCache.write(read.moment, metadata: origin, to: partial.appending(path: name))
                    entries.append(
                        Entry(
                            layer: number, width: read.moment.matrix.shape[0], tokens: read.moment.tokenCount,
                            file: folder.appending(path: name).path, samples: read.sampleCount, source: digest))
                }
            }
            return entries
        }
    }
}

extension StatisticsWork {
    /// A line for each layer, for people.
    package static func table(_ entries: [Entry]) -> TextTable {
        TextTable(
            header: ["layer", "width", "tokens", "texts", "source", "file"],
            rows: entries.map {
                [
                    String($0.layer), String($0.width), String($0.tokens), $0.samples.map(String.init) ?? "–",
                    // Enough of a digest for the eye.
                    $0.source.count == 64 ? String($0.source.prefix(8)) : $0.source, $0.file,
                ]
            }, numeric: [0, 1, 2, 3])
    }
}
