// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Fits an estimator: lets it look at the first examples in as many passes as it asks for, adds what it hands out, and keeps
/// the sums on disk under everything that they depend on.
///
/// Sums are exact (``MomentSum``), so they have the same bits however the blocks are divided. An interrupted pass goes on at the
/// block where it was last written down. Memory: the sums of one pass in 16 bytes a number, and one block.
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

    func run() throws {
        for number in 1...Self.mostPasses {
            let stage = FitPass(number: number).stage
            let names = try ask(ComponentCall(.fit, stage: stage)).map(\.name)
            guard !names.isEmpty else { return }
            if !names.allSatisfy(store.holds) { try perform(stage, names) }
        }
    }

    private func perform(_ stage: String, _ names: [String]) throws {
        try FileManager.default.createDirectory(at: store.folder, withIntermediateDirectories: true)
        let lock = try PlaceLock(store.folder.appending(path: ".lock"), of: "the factors in '\(store.folder.path)'")
        defer { withExtendedLifetime(lock) {} }
        var pass = try FactorPass(names, in: store.folder)
        var written = Date()
        let phase = "fit \(stage)"
        while pass.next < count {
            try progress(phase, pass.next, count)
            let end = min(pass.next + Self.blockSize, count)
            let examples = try training.block(pass.next..<end)
            let sums = try ask(ComponentCall(.fit, stage: stage, examples: examples.map(\.text)))
            try pass.add(sums, upTo: end)
            if Date().timeIntervalSince(written) > Self.pause, end < count {
                try pass.write()
                written = Date()
            }
        }
        try progress(phase, count, count)
        for (name, sum) in zip(names, pass.sums) { try store.put(name, sum.value()) }
        pass.remove()
    }
}

/// The sums of a pass that is not over.
private struct FactorPass {
    private let names: [String]
    private let file: URL
    private(set) var sums: [MomentSum] = []
    /// The example that comes next.
    private(set) var next = 0

    private static let nextKey = "next"

    /// Begins, or goes on with what an interrupted process has written.
    init(_ names: [String], in folder: URL) throws {
        self.names = names
        file = folder.appending(path: "\(Digest.of(Data(names.joined(separator: "\n").utf8)).prefix(32)).partial")
        guard FileManager.default.fileExists(atPath: file.path) else { return }
        // One that is damaged costs the time of a pass.
        guard let (tensors, metadata) = try? TensorFile.contents(file),
            let next = metadata[Self.nextKey].flatMap(Int.init)
        else { return }
        let found = names.indices.compactMap { place -> MomentSum? in
            let parts = MomentSum.partNames.compactMap { tensors["\(place).\($0)"] }
            return parts.count == MomentSum.partNames.count ? MomentSum(parts: parts) : nil
        }
        guard found.count == names.count else { return }
        (sums, self.next) = (found, next)
    }

    mutating func add(_ tensors: [NamedTensor], upTo end: Int) throws {
        let found = Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
        for (place, name) in names.enumerated() {
            guard let tensor = found[name] else {
                throw RuntimeError(
                    .plugin, "the estimator did not hand out the sum \"\(name)\" that it had named",
                    hint: "report this to its author")
            }
            guard try tensor.isAllFinite() else {
                throw RuntimeError(
                    .run, "the sum \"\(name)\" is not finite after example \(end)",
                    hint: "load the model in float32, or leave out the examples before it")
            }
            let sum = try MomentSum(tensor, as: .float64)
            if sums.count > place { try sums[place].add(sum) } else { sums.append(sum) }
        }
        next = end
    }

    func write() throws {
        try TensorFile.write(
            sums.enumerated().flatMap { place, sum in
                zip(MomentSum.partNames, sum.parts).map { ("\(place).\($0)", $1) }
            }, metadata: [Self.nextKey: String(next)], to: file)
    }

    func remove() { try? FileManager.default.removeItem(at: file) }
}
