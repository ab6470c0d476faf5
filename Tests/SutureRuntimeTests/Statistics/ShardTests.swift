// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Shares of second moments")
struct ShardTests {
    private static let layers = [1, 3]

    private let model: LanguageModel
    private let scratch: ScratchFolder
    private let settings: Experiment.Statistics
    private let rows: [[Int]]

    init() throws {
        try TestHost.install()
        model = try LanguageModel(folder: Repository.world.appending(path: "model"))
        scratch = try ScratchFolder()
        settings = Experiment.Statistics(
            path: Repository.world.appending(path: "corpus.txt").path, limit: 60, maxTokens: nil, maxLength: 1024,
            batchTokens: 100, dtype: .float64)
        rows = try SecondMomentPass(model: model, settings: settings) { _, _ in }
            .tokens(TextFile(try #require(settings.path), limit: 60).lines)
    }

    private func key(model: String = "model") -> MomentKey {
        MomentKey(settings, text: "text", model: model, dtype: .float32, kind: .neurons)
    }

    private func write(
        _ shard: String, _ name: String, key: MomentKey? = nil, layers: [Int] = layers
    ) throws -> URL {
        let pass = SecondMomentPass(model: model, settings: settings) { _, _ in }
        let (sums, tokens) = try pass.sums(.neurons, layers: layers, rows: rows, of: try #require(Shard(shard)))
        let place = scratch.url.appending(path: name)
        try MomentShard.write(
            sums,
            MomentShard.Description(key: key ?? self.key(), layers: layers, shard: shard, tokens: tokens), to: place)
        return place
    }

    @Test("However many shares there are, and in whatever order they are merged, the moments are the same, bit for bit")
    func equality() throws {
        let whole = try SecondMomentPass(model: model, settings: settings) { _, _ in }
            .run(.neurons, layers: Self.layers, rows: rows)
        // With more shares than batches some are empty.
        let batches = SecondMomentPass.batches(rows, budget: settings.batchTokens).count
        for count in [1, 2, 3, 7, batches + 2] {
            let files = try (1...count).map { try write("\($0)/\(count)", "\(count)-\($0)") }
            let cache = scratch.url.appending(path: "cache-\(count)")
            let merged = try MomentShard.merge(files.shuffled(), into: cache)
            #expect(merged.layers == Self.layers && merged.tokens == whole[0].tokenCount && merged.width == 768)
            for (layer, moment) in zip(Self.layers, whole) {
                let kept = try #require(try MomentCache(cache).moment(of: key(), layer: layer))
                #expect(try kept.matrix.bytes() == moment.matrix.bytes(), "\(count) shares")
                #expect(kept.tokenCount == moment.tokenCount)
            }
        }
    }

    @Test("The sum without rounding is the sum in float64, to its last digits")
    func accuracy() throws {
        func value(_ seed: Int, _ place: Int) -> Double { sin(Double(seed * 9 + place)) * pow(10, Double(place - 4)) }
        let values = try (0..<40).map { seed in
            let numbers = (0..<9).map { value(seed, $0) }
            return try Tensor(numbers, shape: [3, 3])
        }
        var sum = try MomentSum(values[0], as: .float64)
        for value in values[1...] { try sum.add(try MomentSum(value, as: .float64)) }
        var plain = values[0]
        for value in values[1...] { plain = try plain + value }
        #expect(try (sum.value() - plain).abs().max().item() < 40 * 0x1p-37 + 1e-10)
        var huge = try MomentSum(Tensor.identity(3, dtype: .float64) * 0x1p50, as: .float64)
        _ = try huge.value()
        try huge.add(huge)
        #expect(throws: RuntimeError.self) { try huge.value() }
    }

    @Test("Shares that do not belong together, are missing or are there twice are refused by name, and nothing is kept")
    func refused() throws {
        let (first, second) = (try write("1/2", "first"), try write("2/2", "second"))
        let other = key(model: "another")
        let cases: [([URL], String)] = [
            ([first], "of 2 shards, 2 is missing"),
            ([first, second, first], "the shard 1/2 is given twice, as '\(first.path)' and '\(first.path)'"),
            ([first, try write("2/2", "model", key: other)], "is of another model than '\(first.path)'"),
            ([first, try write("2/2", "layers", layers: [1])], "is of other layers than '\(first.path)'"),
            ([first, try write("3/3", "third")], "is the shard 3/3, and '\(first.path)' is 1/2"),
        ]
        let cache = scratch.url.appending(path: "cache")
        for (files, says) in cases {
            let error = #expect(throws: RuntimeError.self) { try MomentShard.merge(files, into: cache) }
            #expect(error?.kind == .usage && error?.message.contains(says) == true, "\(error?.message ?? "")")
        }
        var data = try Data(contentsOf: second)
        data[data.count - 5] ^= 1
        try data.write(to: second)
        #expect(throws: RuntimeError.self) { try MomentShard.merge([first, second], into: cache) }
        let moment = scratch.url.appending(path: "moment.safetensors")
        try MomentCache.write(SecondMoment(matrix: Tensor.identity(3, dtype: .float64), tokenCount: 9), to: moment)
        let error = #expect(throws: RuntimeError.self) { try MomentShard.merge([moment], into: cache) }
        #expect(error?.message == "'\(moment.path)' is no shard of second moments")
        #expect(!FileManager.default.fileExists(atPath: cache.path))
    }

    @Test(
        "A share is written as one number of another",
        arguments: ["2/5", "1/1", "0/2", "3/2", "1/0", "a/2", "1", "1/2/3", "1/"])
    func texts(text: String) { #expect((Shard(text) != nil) == ["2/5", "1/1"].contains(text)) }
}
