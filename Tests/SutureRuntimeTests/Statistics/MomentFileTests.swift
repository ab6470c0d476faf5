// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Second moments in files")
struct MomentFileTests {
    private let scratch: ScratchFolder

    init() throws {
        try TestHost.install()
        scratch = try ScratchFolder()
    }

    private func place(_ name: String) -> URL { scratch.url.appending(path: name) }

    /// As the published code has it.
    private func write(_ sum: Tensor, count: Int, _ name: String) throws -> URL {
        let number = try NumPyArray(Tensor([count]).reshaped([]))
        try NumPyArchive.write([("mom2.count", number), ("mom2.mom2", try NumPyArray(sum))], to: place(name))
        return place(name)
    }

    /// A sum of squares of so many vectors.
    private func sum(_ width: Int, seed: Double = 1) throws -> Tensor {
        let vectors = try Tensor((0..<5 * width).map { sin(seed + Double($0)) }, shape: [5, width])
        return try vectors.transposed().matmul(vectors)
    }

    @Test("The sum of a published file is divided by its count, in float64")
    func published() throws {
        let sum = try sum(4).cast(to: .float32)
        let file = try MomentFile(try write(sum, count: 3, "layer-1.npz"))
        #expect(file.moment.tokenCount == 3 && file.dtype == .float32)
        #expect(try file.moment.matrix.bytes() == (sum.cast(to: .float64) / 3).bytes())
    }

    @Test("What is written as the published code keeps it is read back", arguments: [DType.float32, .float64])
    func written(dtype: DType) throws {
        let moment = SecondMoment(matrix: try sum(4), tokenCount: 11)
        let url = place(MomentFile.publishedName("transformer.h.17.mlp.c_proj", dtype: dtype, sampleCount: 100))
        #expect(url.lastPathComponent == "transformer.h.17.mlp.c_proj_\(dtype)_mom2_100.npz")
        try MomentFile.write(moment, dtype: dtype, sampleCount: 100, to: url)
        let archive = try NumPyArchive(opening: url)
        #expect(archive.names == ["mom2.constructor", "mom2.count", "mom2.mom2", "mom2.split_batch", "sample_size"])
        #expect(try archive["mom2.mom2"]?.tensor().bytes() == (moment.matrix * 11).cast(to: dtype).bytes())
        let file = try MomentFile(url)
        #expect(file.sampleCount == 100 && file.dtype == dtype && file.moment.tokenCount == 11)
        #expect(try (file.moment.matrix - moment.matrix).norm().item() < (dtype == .float64 ? 1e-14 : 1e-6))
    }

    @Test("Numbers that no second moment has are refused with one sentence")
    func refused() throws {
        let good = try sum(3)
        let skewed = try good + Tensor([0, 9, 0, 0, 0, 0, 0, 0, 0] as [Double], shape: [3, 3])
        let infinite = try good / Tensor([0.0])
        let cases: [(Tensor, Int, String)] = [
            (good, 0, "is over 0 tokens"), (good, -4, "is over -4 tokens"), (skewed, 3, "is not symmetric"),
            (infinite, 3, "has numbers that are not finite"), (try good * -1, 3, "has a negative mean of squares"),
            (try good * 0, 3, "is 0"), (try good.sliced(0, 0..<2), 3, "has the shape [2, 3] and is no square"),
        ]
        for (sum, count, says) in cases {
            let url = try write(sum, count: count, "layer.2.npz")
            let error = #expect(throws: RuntimeError.self) { try MomentFile(url) }
            #expect(error?.message == "the second moment in '\(url.path)' \(says)", "\(error?.message ?? "")")
            #expect(error?.kind == .file)
        }
        let half = try write(try good.cast(to: .float16), count: 3, "half.2.npz")
        #expect(throws: RuntimeError.self) { try MomentFile(half) }
        try NumPyArchive.write([("mean", try NumPyArray(good))], to: place("mean.2.npz"))
        let error = #expect(throws: RuntimeError.self) { try MomentFile(place("mean.2.npz")) }
        #expect(
            error?.message.contains("holds no second moment: there is no mom2.mom2 with a whole mom2.count among mean")
                == true)
    }

    @Test("Files are found by one name, by a folder, and by a name with a mark for the layer")
    func names() throws {
        let name = "transformer.h.{}.mlp.c_proj_float32_mom2_10.npz"
        for layer in [0, 7, 12] {
            _ = try write(try sum(2), count: 9, name.replacingOccurrences(of: "{}", with: String(layer)))
        }
        let (one, folder) = (place("transformer.h.7.mlp.c_proj_float32_mom2_10.npz").path, scratch.url.path)
        #expect(try MomentFiles.byLayer(place(name).path)?.keys.sorted() == [0, 7, 12])
        #expect(try MomentFiles.byLayer(one) == [7: one])
        #expect(try MomentFiles.byLayer(folder)?[12] == place("transformer.h.12.mlp.c_proj_float32_mom2_10.npz").path)
        #expect(try MomentFiles.byLayer(folder + "/{}/none.npz") == nil && MomentFiles.byLayer(folder + "/none") == nil)
        _ = try write(try sum(2), count: 9, "other.7.npz")
        let error = #expect(throws: RuntimeError.self) { try MomentFiles.byLayer(folder) }
        #expect(error?.message.contains("has two files of second moments of layer 7") == true)
        let nameless = try write(try sum(2), count: 9, "nameless.npz")
        #expect(throws: RuntimeError.self) { try MomentFiles.byLayer(nameless.path) }
    }

    @Test("A published file is imported with where it comes from, and an experiment's service reads either")
    func service() throws {
        let model = try LanguageModel(folder: Repository.world.appending(path: "model"))
        let width = model.configuration.dMLP
        let sum = try sum(width)
        let source = try write(sum, count: 50, "transformer.h.2.mlp.c_proj_float32_mom2_10.npz")
        let output = place("imported")
        let entries = try StatisticsWork.import([source], layer: nil, to: output)
        #expect(entries.map(\.layer) == [2] && entries[0].tokens == 50 && entries[0].width == width)
        let own = output.appending(path: "neurons.2.safetensors").path
        let digest = try Digest.ofFile(source.path)
        #expect(entries[0].file == own && entries[0].source == digest)
        for path in [source.path, own] {
            let service = StatisticsService(
                model: model, settings: Experiment.Statistics(moments: [2: path]), modelDigest: "",
                cache: place("cache")
            ) { _, _ in Issue.record("nothing is to be computed") }
            let moment = try service.secondMoments(.neurons, layers: [2])[0]
            #expect(try moment.matrix.bytes() == (sum / 50).bytes() && moment.tokenCount == 50)
            let error = #expect(throws: RuntimeError.self) { try service.secondMoments(.neurons, layers: [1]) }
            #expect(
                error?.message.contains("blocks.1.neurons: statistics.moments has those of the neurons of layers 2")
                    == true)
        }
        let narrow = try write(try self.sum(8), count: 50, "layer.3.npz")
        let service = StatisticsService(
            model: model, settings: Experiment.Statistics(moments: [3: narrow.path]), modelDigest: "",
            cache: place("cache")
        ) { _, _ in }
        let error = #expect(throws: RuntimeError.self) { try service.secondMoments(.neurons, layers: [3]) }
        #expect(error?.message.contains("is of vectors of 8 values, and layer 3 of the model has \(width)") == true)
        #expect(!FileManager.default.fileExists(atPath: place("cache").path))
        let full = #expect(throws: RuntimeError.self) { try StatisticsWork.import([source], layer: nil, to: output) }
        #expect(full?.kind == .usage)
    }

    @Test("An experiment names files of moments, they are inputs of its runs, and nothing else goes with them")
    func experiment() throws {
        let moments = try write(try sum(2), count: 9, "layer.4.npz").path
        func read(_ statistics: String) throws -> Experiment {
            let file = place("experiment.yaml")
            let text = """
                schema: 1
                experiment: given
                model: {source: \(Repository.world.path)/model}
                dataset: {name: counterfact, path: \(Repository.world.path)/facts.json}
                locator: {name: fixed-layers, layers: [4]}
                method: {name: memit}
                evaluators: [drift]
                statistics: \(statistics)
                """
            try text.write(to: file, atomically: true, encoding: .utf8)
            return try Experiment(file: file.path, overrides: [])
        }
        let expected = Experiment.Statistics(moments: [4: moments])
        for form in ["layer.{}.npz", "layer.4.npz", "\(scratch.url.path)"] {
            #expect(try read("{moments: \"\(form)\"}").statistics == expected, "\(form)")
        }
        #expect(try read("{moments: {4: layer.4.npz}}").statistics == expected)
        for wrong in ["{moments: none.{}.npz}", "{moments: {x: layer.4.npz}}", "{moments: layer.4.npz, limit: 3}"] {
            #expect(throws: RuntimeError.self, "\(wrong)") { try read(wrong) }
        }
    }
}
