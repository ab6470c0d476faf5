// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Shards of an estimate")
struct InfluenceShardTests {
    private let scratch: ScratchFolder

    init() throws {
        try TestHost.install()
        scratch = try ScratchFolder()
    }

    private func shard(_ text: String) throws -> Shard { try #require(Shard(text)) }

    @Test("Shards are whole blocks that follow each other and leave nothing out", arguments: [1, 2, 3, 7])
    func ranges(count: Int) throws {
        for total in [1, 64, 65, 500, 1000] {
            let ranges = Shard.all(count).map { $0.range(of: total, blockSize: 64) }
            #expect(ranges.first?.lowerBound == 0 && ranges.last?.upperBound == total)
            for (one, next) in zip(ranges, ranges.dropFirst()) {
                #expect(one.upperBound == next.lowerBound)
                #expect(one.upperBound % 64 == 0 || one.upperBound == total)
            }
        }
    }

    @Test("More shards than blocks are refused")
    func tooMany() throws {
        try shard("2/3").check(examples: 129, blockSize: 64, "traced")
        let error = #expect(throws: RuntimeError.self) {
            try shard("1/3").check(examples: 128, blockSize: 64, "traced")
        }
        #expect(error?.message.hasPrefix("128 examples cannot be traced in 3 shards") == true)
    }

    @Test("A set of shards says which one is missing, double or of another division")
    func set() throws {
        var set = ShardSet()
        try set.add(shard("1/3"), "a")
        try set.add(shard("3/3"), "b")
        let missing = #expect(throws: RuntimeError.self) { try set.checkIsWhole(command: "suture influence FILE") }
        #expect(missing?.message == "of 3 shards, 2 is missing")
        #expect(missing?.hint == "compute each with `suture influence FILE --shard 2/3`")
        let double = #expect(throws: RuntimeError.self) { try set.add(shard("3/3"), "c") }
        #expect(double?.message == "the shard 3/3 is given twice, as 'b' and 'c'")
        let other = #expect(throws: RuntimeError.self) { try set.add(shard("1/2"), "c") }
        #expect(other?.message == "'c' is the shard 1/2, and 'a' is 1/3")
    }

    /// A fit in two passes, the second of which needs the sums of the first.
    private func fit(_ folder: String, _ shard: Shard = .whole, stopsAfter: Int = .max) throws -> FactorFit.Pending? {
        let texts = (0..<200).map { "text \($0 * $0)\n" }.joined()
        let url = scratch.url.appending(path: "texts.txt")
        try Data(texts.utf8).write(to: url)
        let training = try TrainingFile(url.path)
        let store = TensorStore(folder: scratch.url.appending(path: folder))
        var calls = 0
        return try FactorFit(
            training: training, count: training.count, store: store,
            ask: { call in
                let names = ["pass-1": "sum", "pass-2": "squares"]
                guard let name = names[call.stage] else { return [] }
                guard !call.examples.isEmpty else { return [NamedTensor(name, try Tensor.zeros([1]))] }
                calls += 1
                if calls > stopsAfter { throw SutureError(.cancelled, "stopped") }
                let mean = name == "sum" ? 0 : try #require(try store.get("sum")).item() / 200
                let values = call.examples.map { 1 / (Double($0.text.utf8.count) - mean + 0.1) }
                return [NamedTensor(name, try Tensor([values.reduce(0, +)], shape: [1]))]
            }, progress: { _, _, _ in }
        ).run(shard)
    }

    private func sums(_ folder: String) throws -> [Double] {
        let store = TensorStore(folder: scratch.url.appending(path: folder))
        return try ["sum", "squares"].map { try #require(try store.get($0)).item() }
    }

    @Test("Factors that shards fit have the bits of one run, in any order of the shards")
    func fit() throws {
        #expect(try fit("whole") == nil)
        let (first, second, third) = try (shard("1/3"), shard("2/3"), shard("3/3"))
        #expect(try fit("parts", third) == FactorFit.Pending(stage: "pass-1", missing: [first, second]))
        #expect(throws: SutureError.self) { try fit("parts", first, stopsAfter: 1) }
        #expect(try fit("parts", first) == FactorFit.Pending(stage: "pass-1", missing: [second]))
        // Nothing is done twice.
        #expect(try fit("parts", first, stopsAfter: 0) == FactorFit.Pending(stage: "pass-1", missing: [second]))
        // The last one adds the sums, and goes on with the next pass.
        #expect(try fit("parts", second) == FactorFit.Pending(stage: "pass-2", missing: [first, third]))
        #expect(try fit("parts", first) == FactorFit.Pending(stage: "pass-2", missing: [third]))
        #expect(try fit("parts", third) == nil)
        #expect(try sums("parts") == sums("whole"))
        let files = try FileManager.default.contentsOfDirectory(
            atPath: scratch.url.appending(path: "parts").path)
        #expect(!files.contains { $0.hasSuffix(".partial") })
    }

    @Test("Scores that were interrupted go on at a whole block")
    func blocks() throws {
        let url = scratch.url.appending(path: "scores.safetensors")
        func open() throws -> ScoreFile {
            try ScoreFile(url, examples: 10, queries: 1, blockSize: 4, metadata: ["key": "a"])
        }
        try open().append(Tensor([Double](repeating: 1, count: 6), shape: [1, 6]).cast(to: .float32))
        #expect(try open().rowCount == 4)
        try open().append(Tensor([Double](repeating: 1, count: 6), shape: [1, 6]).cast(to: .float32))
        #expect(try open().rowCount == 10)
    }
}
