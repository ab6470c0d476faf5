// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What one process does of an estimate.
package enum InfluencePart: Sendable, Hashable, Codable {
    /// All of it.
    case whole
    /// Fits the estimator, or a shard of each pass, and traces nothing.
    case fit(Shard)
    /// Traces a shard of the examples.
    case trace(Shard)
    /// Puts traced shards together, from their folders in the order of the shards.
    case merge([String])

    /// The folder of this part, beside that of the estimate.
    func folder(beside whole: RunFolder) -> RunFolder {
        switch self {
        case .whole, .merge: whole
        case .fit(let shard):
            RunFolder(
                whole.url.deletingLastPathComponent().appending(
                    path: whole.url.lastPathComponent + "-fit" + (shard.isWhole ? "" : "-\(shard.fileName)")))
        case .trace(let shard):
            RunFolder(
                whole.url.deletingLastPathComponent().appending(
                    path: whole.url.lastPathComponent + "-shard-\(shard.fileName)"))
        }
    }
}

/// influence-fit.json: how far a fit is that several processes share.
package struct InfluenceFit: Sendable, Codable {
    package var estimator: String
    package var shard: Shard
    /// The pass that waits for other shards; nil where all passes are done.
    package var stage: String?
    /// The shards that it waits for.
    package var missing: [Shard]
    package var seconds: [String: Double] = [:]

    package var isFitted: Bool { stage == nil }
}

extension RunFolder {
    package var influenceFit: URL { url.appending(path: "influence-fit.json") }
}
