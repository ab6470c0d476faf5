// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The sums of a pass that is not over.
struct FactorPass {
    private let names: [String]
    private let file: URL
    private(set) var sums: [MomentSum] = []
    /// The example that comes next.
    private(set) var next: Int

    private static let nextKey = "next"

    /// Begins at an example, or goes on with what an interrupted process has written.
    init(_ names: [String], _ shard: Shard, in folder: URL, from start: Int) {
        self.names = names
        file = Self.file(names, shard, in: folder)
        next = start
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

    private static func file(_ names: [String], _ shard: Shard, in folder: URL) -> URL {
        let digest = Digest.of(Data(names.joined(separator: "\n").utf8)).prefix(32)
        return folder.appending(path: "\(digest)\(shard.isWhole ? "" : ".\(shard.fileName)").partial")
    }

    /// The example after those of the sums on disk; nil where there are none.
    static func next(_ names: [String], _ shard: Shard, in folder: URL) -> Int? {
        let url = file(names, shard, in: folder)
        guard FileManager.default.fileExists(atPath: url.path) else { return nil }
        return (try? SafetensorsFile(opening: url))?.metadata[nextKey].flatMap(Int.init)
    }

    static func remove(_ names: [String], _ shard: Shard, in folder: URL) {
        try? FileManager.default.removeItem(at: file(names, shard, in: folder))
    }

    /// The finished sums of a shard.
    ///
    /// - Throws: `file` where they are damaged.
    static func finished(_ names: [String], _ shard: Shard, in folder: URL) throws -> FactorPass {
        let pass = FactorPass(names, shard, in: folder, from: 0)
        guard pass.sums.count == names.count else {
            throw RuntimeError(
                .file, "the sums of the shard \(shard) in '\(pass.file.path)' are damaged",
                hint: "remove the file, and fit the shard again")
        }
        return pass
    }

    /// Adds the sums of another shard.
    mutating func add(_ other: FactorPass) throws {
        for (place, sum) in other.sums.enumerated() { try sums[place].add(sum) }
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

/// What the sums of a pass take. Known after the first block, and not before: they are the estimator's own.
struct FitMemory {
    /// Parts of a sum (``MomentSum``), while a block's own are there, too.
    private static let parts = 3
    let numbers: Int

    init(of block: [NamedTensor]) { numbers = block.reduce(0) { $0 + $1.tensor.shape.reduce(1, *) } }

    func say(_ stage: String) {
        let size = numbers * DType.float64.size
        let (free, needed) = (Processor.availableMemory, Self.parts * size)
        let sentence =
            "\(stage) needs memory of \(Figures.size(needed)) for its sums, and keeps \(Figures.size(size)) on disk"
        if let free, needed > free {
            Host.log(
                .warning,
                "\(sentence); \(Figures.size(free)) are free, so it may be killed: choose fewer modules or layers")
        } else {
            Host.log(.info, sentence)
        }
    }
}
