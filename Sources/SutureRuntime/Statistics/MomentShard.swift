// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What one process has added up of the second moments of an experiment: a file of sums, with what they belong to.
struct MomentShard {
    /// The metadata of a file.
    struct Description: Sendable, Hashable, Codable {
        static let format = "suture-moment-shard/1"

        var format = Description.format
        var key: MomentKey
        var layers: [Int]
        /// "2/5"
        var shard: String
        /// Of this shard.
        var tokens: Int

        /// Why a shard cannot be put together with this one; nil where it can.
        func difference(to other: Description) -> String? {
            if key.model != other.key.model { return "is of another model" }
            if key.text != other.key.text { return "is over another text" }
            if key != other.key { return "has other settings in statistics, or another model.dtype" }
            if layers != other.layers { return "is of other layers" }
            return nil
        }
    }

    private static let metadataKey = "suture"

    let description: Description
    let share: Shard
    /// One for each layer; none where the shard has no tokens.
    let sums: [MomentSum]
    let path: String

    private static func name(_ layer: Int, _ part: String) -> String { "\(layer).\(part)" }

    /// - Throws: `file` for a file that is damaged, or no shard.
    init(_ url: URL) throws(RuntimeError) {
        path = url.path
        (description, share, sums) = try RuntimeError.wrapping(.file) {
            let (tensors, metadata) = try TensorFile.contents(url)
            guard let text = metadata[Self.metadataKey],
                let description = try? JSON.decode(Description.self, from: Data(text.utf8), name: ""),
                description.format == Description.format, let share = Shard(description.shard)
            else {
                throw RuntimeError(
                    .file, "'\(url.path)' is no shard of second moments",
                    hint: "give the files that `suture statistics compute --shard` has written")
            }
            let sums =
                try tensors.isEmpty && description.tokens == 0
                ? []
                : description.layers.map { layer in
                    MomentSum(
                        parts: try MomentSum.partNames.map { part in
                            guard let tensor = tensors[Self.name(layer, part)] else { throw TensorFile.isDamaged(url) }
                            return tensor
                        })
                }
            return (description, share, sums)
        }
    }

    /// The file appears whole or not at all.
    static func write(_ sums: [MomentSum], _ description: Description, to url: URL) throws {
        let tensors = zip(description.layers, sums).flatMap { layer, sum in
            zip(MomentSum.partNames, sum.parts).map { (name(layer, $0), $1) }
        }
        try TensorFile.write(
            tensors, metadata: [metadataKey: String(decoding: try JSON.encode(description), as: UTF8.self)], to: url)
    }

    /// What was put together.
    struct Merged {
        var layers: [Int]
        /// Of the vectors.
        var width: Int
        var tokens: Int
        var shards: Int
        /// The files in the cache, in the order of the layers.
        var files: [String]
    }

    /// Adds the sums of all shards of an experiment, and leaves the moments where its runs look for them. One shard is in memory
    /// at a time, beside the sums.
    ///
    /// - Throws: `usage` for a shard that is missing, is there twice, or belongs to something else; `file` for a damaged one.
    static func merge(_ files: [URL], into cache: URL) throws(RuntimeError) -> Merged {
        var first: MomentShard?
        var total: [MomentSum] = []
        var tokens = 0
        var given = ShardSet()
        for file in files {
            let shard = try MomentShard(file)
            let base = first ?? shard
            if first == nil { first = shard }
            if let difference = base.description.difference(to: shard.description) {
                throw RuntimeError(
                    .usage, "'\(shard.path)' \(difference) than '\(base.path)'",
                    hint: "merge the shards of one experiment")
            }
            try given.add(shard.share, shard.path)
            tokens += shard.description.tokens
            try RuntimeError.wrapping {
                if total.isEmpty {
                    total = shard.sums
                } else {
                    for (place, sum) in shard.sums.enumerated() { try total[place].add(sum) }
                }
            }
        }
        guard let first else { throw RuntimeError(.usage, "there are no shards to merge", hint: "give their files") }
        try given.checkIsWhole(command: "suture statistics compute FILE")
        guard tokens > 0 else {
            throw RuntimeError(.file, "the text of the shards holds no tokens", hint: "give a text with some lines")
        }
        let kept = MomentCache(cache)
        return try RuntimeError.wrapping {
            for (layer, sum) in zip(first.description.layers, total) {
                let moment = SecondMoment(matrix: try sum.value() / Double(tokens), tokenCount: tokens)
                try kept.keep(moment, of: first.description.key, layer: layer)
            }
            return Merged(
                layers: first.description.layers, width: total.first?.parts[0].shape[0] ?? 0, tokens: tokens,
                shards: first.share.count,
                files: first.description.layers.map { kept.file(of: first.description.key, layer: $0).path })
        }
    }
}
