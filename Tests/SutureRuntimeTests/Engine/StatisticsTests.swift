// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// Relative difference that sums of float32 products in another order may have.
private let sumTolerance = 1e-5

@Suite struct StatisticsTests {
    private let model: LanguageModel
    private let lines = [
        "Cairo is a city in Egypt.", "We met.", "The lion belongs to the class of mammals. It was raining.", "Rain",
    ]

    init() throws {
        try TestHost.install()
        model = try LanguageModel(folder: Repository.world.appending(path: "model"))
    }

    private func settings(batchTokens: Int = 4096, maxLength: Int = 1024, maxTokens: Int? = nil)
        -> Experiment.Statistics
    {
        Experiment.Statistics(
            path: "text", limit: nil, maxTokens: maxTokens, maxLength: maxLength, batchTokens: batchTokens,
            dtype: .float64)
    }

    private func moments(_ settings: Experiment.Statistics, layers: [Int]) throws -> [SecondMoment] {
        try SecondMomentPass(model: model, settings: settings) { _, _ in }.run(.neurons, layers: layers, lines: lines)
    }

    private func difference(_ a: SecondMoment, _ b: SecondMoment) throws -> Double {
        try (a.matrix - b.matrix).norm().item() / b.matrix.norm().item()
    }

    @Test("a second moment equals the plain mean over every token of every line, one line at a time")
    func plain() throws {
        let layer = 2
        var sum = try Tensor.zeros([model.configuration.dMLP, model.configuration.dMLP], dtype: .float64)
        var count = 0
        for line in lines {
            var pass = Forward(try TokenBatch([model.tokenizer.encode(line, addSpecialTokens: false).ids]))
            pass.captures = [Capture(.neurons(layer))]
            let neurons = try model.transformer.run(pass).captures[0][0].cast(to: .float64)
            for token in 0..<neurons.shape[0] {
                sum = try sum + neurons[token].outer(neurons[token])
                count += 1
            }
        }
        let moment = try moments(settings(), layers: [layer])[0]
        #expect(moment.tokenCount == count)
        #expect(try difference(moment, SecondMoment(matrix: sum / Double(count), tokenCount: count)) < sumTolerance)
    }

    @Test(
        "a model in half precision has the moment of its values, multiplied in float32, and it is positive definite",
        arguments: [DType.bfloat16, .float16])
    func halfPrecision(dtype: DType) throws {
        let layer = 2
        let half = try LanguageModel(folder: Repository.world.appending(path: "model"), dtype: dtype)
        let text = try String(contentsOf: Repository.world.appending(path: "corpus.txt"), encoding: .utf8)
        let rows = text.split(separator: "\n").prefix(400).map(String.init)
        let moment = try SecondMomentPass(model: half, settings: settings()) { _, _ in }
            .run(.neurons, layers: [layer], lines: rows)[0]
        var sum = try Tensor.zeros([half.configuration.dMLP, half.configuration.dMLP], dtype: .float64)
        for row in rows {
            var pass = Forward(try TokenBatch([half.tokenizer.encode(row, addSpecialTokens: false).ids]))
            pass.captures = [Capture(.neurons(layer))]
            let neurons = try half.transformer.run(pass).captures[0][0].cast(to: .float64)
            sum = try sum + neurons.transposed().matmul(neurons)
        }
        // Batches of another shape round the passes of a half type elsewhere.
        let exact = SecondMoment(matrix: try sum / Double(moment.tokenCount), tokenCount: moment.tokenCount)
        #expect(try difference(moment, exact) < 1e-3)
        _ = try moment.cholesky(of: "neurons.2")
    }

    @Test("neither the size of batches nor which layers are asked for together changes a second moment")
    func batches() throws {
        let together = try moments(settings(), layers: [0, 3])
        let apart = try moments(settings(batchTokens: 1), layers: [3])
        #expect(try difference(apart[0], together[1]) < sumTolerance)
    }

    @Test("a line is cut to its length, and the text to the token budget")
    func budgets() throws {
        #expect(try moments(settings(maxLength: 1), layers: [0])[0].tokenCount == lines.count)
        #expect(try moments(settings(maxTokens: 5), layers: [0])[0].tokenCount == 5)
    }

    /// With the lines in a file.
    private func settings(in scratch: ScratchFolder) throws -> Experiment.Statistics {
        let text = scratch.url.appending(path: "corpus.txt")
        try lines.joined(separator: "\n").write(to: text, atomically: true, encoding: .utf8)
        var settings = settings()
        settings.path = text.path
        return settings
    }

    @Test("what was computed is read from the cache, and another budget is another entry")
    func cache() throws {
        let scratch = try ScratchFolder()
        var asked = try settings(in: scratch)
        func service(_ settings: Experiment.Statistics, _ steps: @escaping () -> Void) -> StatisticsService {
            StatisticsService(model: model, settings: settings, modelDigest: "digest", cache: scratch.url) { _, _ in
                steps()
            }
        }
        var computed = 0
        let first = try service(asked) { computed += 1 }.secondMoments(.neurons, layers: [1])[0]
        #expect(computed > 0)
        computed = 0
        let again = try service(asked) { computed += 1 }.secondMoments(.neurons, layers: [1])[0]
        #expect(computed == 0 && again.tokenCount == first.tokenCount)
        #expect(try again.matrix.equal(first.matrix).all().item() == 1)
        asked.maxLength = 2
        _ = try service(asked) { computed += 1 }.secondMoments(.neurons, layers: [1])
        #expect(computed > 0)
    }

    @Test("a cache that cannot be written costs a warning, once, and not the run")
    func unusableCache() throws {
        let scratch = try ScratchFolder()
        let asked = try settings(in: scratch)
        let file = try #require(asked.path)
        var warnings: [String] = []
        // A file stands where the folder should be.
        let service = StatisticsService(
            model: model, settings: asked, modelDigest: "digest", cache: URL(fileURLWithPath: file),
            warn: { warnings.append($0) }
        ) { _, _ in }
        #expect(try service.secondMoments(.neurons, layers: [0, 1]).count == 2)
        #expect(try service.secondMoments(.neurons, layers: [0])[0].tokenCount > 0)
        try #require(warnings.count == 1)
        #expect(warnings[0].contains("'\(file)") && !warnings[0].contains("Error Domain"))
        #expect(warnings[0].hasSuffix("set SUTURE_CACHE to a folder with space where you may write"))
    }

    @Test(
        "a damaged file of the cache costs a warning and its moment is computed anew",
        arguments: ["a flipped bit", "cut short", "empty", "no file of ours", "a folder in its place"])
    func damagedCache(fault: String) throws {
        let scratch = try ScratchFolder()
        let asked = try settings(in: scratch)
        var warnings: [String] = []
        func moment() throws -> SecondMoment {
            try StatisticsService(
                model: model, settings: asked, modelDigest: "digest", cache: scratch.url, warn: { warnings.append($0) }
            ) { _, _ in }.secondMoments(.neurons, layers: [1])[0]
        }
        let first = try moment()
        let folder = scratch.url.appending(path: "moments")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let file = folder.appending(path: try #require(names.first))
        var data = try Data(contentsOf: file)
        switch fault {
        case "a flipped bit": data[data.count / 2] ^= 0x10
        case "cut short": data = data.prefix(data.count / 2)
        case "empty": data = Data()
        default: data = Data("something else".utf8)
        }
        try FileManager.default.removeItem(at: file)
        if fault == "a folder in its place" {
            try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
        } else {
            try data.write(to: file)
        }
        let again = try moment()
        #expect(try again.matrix.bytes() == first.matrix.bytes() && again.tokenCount == first.tokenCount)
        #expect(warnings.first?.hasPrefix("a second moment is computed again: '\(file.path)'") == true, "\(warnings)")
        guard fault != "a folder in its place" else { return }
        warnings = []
        _ = try moment()
        #expect(warnings.isEmpty, "the file is whole again")
    }

    @Test("two that write the same file of the cache at once both succeed and leave one whole file")
    func sharedCache() async throws {
        let scratch = try ScratchFolder()
        let asked = try settings(in: scratch)
        let model = model
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let service = StatisticsService(
                        model: model, settings: asked, modelDigest: "digest", cache: scratch.url,
                        warn: { Issue.record("\($0)") }
                    ) { _, _ in }
                    _ = try service.secondMoments(.neurons, layers: [0])
                }
            }
            try await group.waitForAll()
        }
        let folder = scratch.url.appending(path: "moments")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        try #require(names.count == 1)
        #expect(try TensorFile.read(folder.appending(path: names[0]))["moment"] != nil)
    }

    @Test("a moment of a model or a text that has changed meanwhile is not kept")
    func changedInputs() throws {
        let scratch = try ScratchFolder()
        let asked = try settings(in: scratch)
        let service = StatisticsService(
            model: model, settings: asked, modelDigest: "digest", cache: scratch.url,
            checkInputs: { throw RuntimeError(.file, "it has changed") }
        ) { _, _ in }
        #expect(throws: RuntimeError.self) { try service.secondMoments(.neurons, layers: [0]) }
        #expect(!FileManager.default.fileExists(atPath: scratch.url.appending(path: "moments").path))
    }

    @Test("without a statistics text the sentence says what to add")
    func missing() throws {
        let service = StatisticsService(model: model, settings: nil, modelDigest: "") { _, _ in }
        #expect(throws: RuntimeError.self) { try service.secondMoments(.neurons, layers: [0]) }
    }

    // MARK: Text of the model's own

    @Test("what a model writes depends on the passage's number alone, and has no tokens that begin or end a text")
    func sampled() throws {
        let few = try SampledText(count: 5, length: 12).rows(of: model) { _, _ in }
        let many = try SampledText(count: 40, length: 12).rows(of: model) { _, _ in }
        #expect(few.count == 5 && Array(many.prefix(5)) == few)
        #expect(Set(many).count > 30)
        #expect(many.allSatisfy { $0.count <= 12 && !$0.contains(where: model.endTokens.contains) })
    }

    @Test("moments over the model's own text are kept under what the text is")
    func sampledMoments() throws {
        let scratch = try ScratchFolder()
        var asked = settings(maxLength: 16)
        (asked.path, asked.limit) = (nil, 20)
        func moment(_ settings: Experiment.Statistics) throws -> SecondMoment {
            try StatisticsService(model: model, settings: settings, modelDigest: "digest", cache: scratch.url) { _, _ in
            }
            .secondMoments(.neurons, layers: [1])[0]
        }
        let first = try moment(asked)
        let rows = try SampledText(count: 20, length: 16).rows(of: model) { _, _ in }
        #expect(first.tokenCount == rows.reduce(0) { $0 + $1.count })
        let pass = SecondMomentPass(model: model, settings: asked) { _, _ in }
        #expect(try difference(first, pass.run(.neurons, layers: [1], rows: rows)[0]) == 0)
        #expect(try difference(moment(asked), first) == 0)
        asked.limit = 10
        #expect(try moment(asked).tokenCount < first.tokenCount)
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.url.appending(path: "moments").path)
        #expect(names.count == 2)
        asked.maxTokens = 30
        #expect(try moment(asked).tokenCount == 30)
    }
}
