// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Fits an estimator: lets it look at the first examples in as many passes as it asks for, adds what it hands out, and keeps
/// the sums on disk under everything that they depend on.
///
/// Sums are exact (``MomentSum``), so they have the same bits however the blocks are divided. An interrupted pass goes on at the
/// block where it was last written down. Memory: the sums of one pass in 16 bytes a number, and one block.
///
/// Several processes that share the store can divide a pass. Each leaves the sums of its shard there, and the one that finds
/// those of all shards adds them. A pass needs the sums of the passes before it, so each pass is divided anew.
struct FactorFit {
    /// Examples of one call.
    static let blockSize = 32
    private static let mostPasses = 16
    /// Seconds between two times that a pass is written down.
    private static let pause = 120.0

    let training: TrainingFile
    /// Examples that are looked at, the first ones.
    let count: Int
    /// Of the sums, and of what the estimator makes of them.
    let store: TensorStore
    /// Calls the estimator.
    let ask: (ComponentCall) throws -> [NamedTensor]
    let progress: (_ phase: String, _ done: Int, _ total: Int) throws -> Void

    /// Everything that the sums of an estimator depend on, but for their names.
    static func key(plugin: String, model: String, training: TrainingFile, count: Int, dtype: DType) -> String {
        Digest.of(
            Data(
                [
                    "influence-factors/1", plugin, model, training.digest, String(count), String(blockSize),
                    dtype.description,
                ].joined(separator: "\n").utf8))
    }

    /// A pass of which other processes have not done their shards.
    struct Pending: Hashable {
        var stage: String
        var missing: [Shard]
    }

    /// - Parameter shard: the examples that this process looks at.
    /// - Returns: the pass that waits for other shards; nil where all is fitted.
    @discardableResult
    func run(_ shard: Shard = .whole) throws -> Pending? {
        for number in 1...Self.mostPasses {
            let stage = FitPass(number: number).stage
            let names = try ask(ComponentCall(.fit, stage: stage)).map(\.name)
            guard !names.isEmpty else { return nil }
            guard !names.allSatisfy(store.holds) else { continue }
            let missing = try perform(stage, names, shard)
            guard missing.isEmpty else { return Pending(stage: stage, missing: missing) }
        }
        return nil
    }

    /// - Returns: the shards that are not there yet.
    private func perform(_ stage: String, _ names: [String], _ shard: Shard) throws -> [Shard] {
        try FileManager.default.createDirectory(at: store.folder, withIntermediateDirectories: true)
        return try locked(shard.isWhole ? ".lock" : ".\(shard.fileName).lock") {
            // Another process may have done it while this one waited.
            guard !names.allSatisfy(store.holds) else { return [] }
            let pass = try sums(stage, names, shard)
            guard !shard.isWhole else {
                try keep(pass, names)
                pass.remove()
                return []
            }
            return try join(names, shard.count)
        }
    }

    /// The sums of a shard, on disk where it is one of several.
    private func sums(_ stage: String, _ names: [String], _ shard: Shard) throws -> FactorPass {
        let range = shard.range(of: count, blockSize: Self.blockSize)
        var pass = FactorPass(names, shard, in: store.folder, from: range.lowerBound)
        let phase = shard.isWhole ? "fit \(stage)" : "fit \(stage), \(shard)"
        var written = Date()
        var isNew = false
        while pass.next < range.upperBound {
            try progress(phase, pass.next - range.lowerBound, range.count)
            let end = min(pass.next + Self.blockSize, range.upperBound)
            let examples = try training.block(pass.next..<end)
            let sums = try ask(ComponentCall(.fit, stage: stage, examples: examples.map(\.text)))
            if pass.next == range.lowerBound { FitMemory(of: sums).say(stage) }
            try pass.add(sums, upTo: end)
            isNew = true
            if Date().timeIntervalSince(written) > Self.pause, end < range.upperBound {
                try pass.write()
                written = Date()
            }
        }
        try progress(phase, range.count, range.count)
        if isNew, !shard.isWhole { try pass.write() }
        return pass
    }

    /// Adds the sums of all shards, one after the other, where all are there.
    private func join(_ names: [String], _ count: Int) throws -> [Shard] {
        let shards = Shard.all(count)
        let missing = shards.filter { shard in
            let end = shard.range(of: self.count, blockSize: Self.blockSize).upperBound
            return FactorPass.next(names, shard, in: store.folder) != end
        }
        guard missing.isEmpty else { return missing }
        try locked(".lock") {
            guard !names.allSatisfy(store.holds) else { return }
            var total = try FactorPass.finished(names, shards[0], in: store.folder)
            for shard in shards.dropFirst() { try total.add(.finished(names, shard, in: store.folder)) }
            try keep(total, names)
        }
        for shard in shards { FactorPass.remove(names, shard, in: store.folder) }
        return []
    }

    private func keep(_ pass: FactorPass, _ names: [String]) throws {
        for (name, sum) in zip(names, pass.sums) { try store.put(name, sum.value()) }
    }

    private func locked<Result>(_ name: String, _ work: () throws -> Result) throws -> Result {
        try store.locked(name, waiting: { try progress("wait for another process that fits", 0, 0) }, work: work)
    }
}
