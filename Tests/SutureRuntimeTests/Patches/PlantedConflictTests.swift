// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// Facts of the bundled model, written as ROME and MEMIT write one: Δ = r (C⁻¹ k)ᵀ / (λ + kᵀ C⁻¹ k).
@Suite("Conflicts that were planted")
struct PlantedConflictTests {
    private static let layer = 2
    private static let weight = 15_000.0

    private let model: LanguageModel
    private let folder = Repository.world.appending(path: "model")
    private let scratch: ScratchFolder
    private let moment: SecondMoment

    init() throws {
        try TestHost.install()
        model = try LanguageModel(folder: folder)
        scratch = try ScratchFolder()
        let settings = Experiment.Statistics(
            path: Repository.world.appending(path: "corpus.txt").path, limit: 400, maxTokens: nil, maxLength: 64,
            batchTokens: 4096, dtype: .float64)
        moment = try SecondMomentPass(model: model, settings: settings) { _, _ in }
            .run(.neurons, layers: [Self.layer], lines: TextFile(try #require(settings.path), limit: 400).lines)[0]
        try MomentCache.write(moment, to: scratch.url.appending(path: "neurons.\(Self.layer).safetensors"))
    }

    /// At the last token of the subject.
    private func key(_ prompt: String, _ subject: String) throws -> Tensor {
        let (before, _) = try #require(
            prompt.range(of: "{}").map { (prompt[..<$0.lowerBound], prompt[$0.upperBound...]) })
        var pass = Forward(try TokenBatch([model.tokenizer.encode(before + subject, addSpecialTokens: false).ids]))
        pass.captures = [Capture(.neurons(Self.layer))]
        let values = try model.transformer.run(pass).captures[0][0]
        return try values.sliced(0, values.shape[0] - 1..<values.shape[0]).cast(to: .float64)
    }

    private struct Fact {
        var folder: URL
        /// `[1, width]`, and Δ `[out, in]`.
        var key: Tensor
        var change: Tensor
    }

    private func write(_ id: String, _ prompt: String, _ subject: String, _ target: String, seed: Double) throws -> Fact
    {
        let key = try key(prompt, subject)
        let factor = try moment.cholesky(of: "neurons")
        let direction = try factor.choleskySolve(key.transposed()).transposed()
        let share = try Self.weight + direction.matmul(key.transposed()).item()
        let value = try Tensor((0..<model.configuration.dModel).map { sin(seed * Double($0 + 1)) * 50 }).unsqueezed(1)
        let delta = Delta(
            try model.weightName(reading: .neurons(Self.layer)), .lowRank(left: value, right: try direction / share))
        let place = scratch.url.appending(path: id)
        let one = EditCase(index: 0, id: id, prompt: prompt, subject: subject, targetNew: target, answer: " " + target)
        try PatchStore.write(
            Patch([delta]), origin: PatchFixture.origin, model: try StackedModel(opening: folder),
            records: PatchRecords(cases: [one]),
            isTransposed: { _ in model.configuration.architecture.storesTransposed }, to: place)
        return Fact(folder: place, key: key, change: try value.matmul(direction / share))
    }

    @Test(
        "Two facts about one subject, a fact and its reverse, and nearly parallel keys are found; disjoint facts are not"
    )
    func planted() throws {
        let city = "{} is a city in"
        let fact = try write("fact", city, "Jaipur", "Pakistan", seed: 1)
        let subject = try write("subject", "The visitors of {} speak", "Jaipur", "Greek", seed: 2)
        let reverse = try write("reverse", "The country called {} has the city of", "Pakistan", "Jaipur", seed: 3)
        let parallel = try write("parallel", "We heard that {} is a city in", "Jaipur", "Pakistan", seed: 4)
        let disjoint = try write("disjoint", "The element {} is one of the", "sodium", "noble gases", seed: 5)
        func pair(_ other: Fact, statistics: String? = nil) throws -> PatchConflicts {
            try PatchConflicts.all([fact.folder, other.folder], statistics: statistics ?? scratch.url.path)[0]
        }
        #expect(try pair(subject).cases.map(\.kind) == [.sameSubject])
        #expect(try pair(reverse).cases.map(\.kind) == [.reverse])
        for other in [subject, reverse, parallel] { #expect(try !pair(other).sentences.isEmpty) }
        let near = try pair(parallel)
        #expect(try #require(near.shared[0].weightedKeyOverlap) > PatchConflicts.largestOverlap)
        #expect(near.sentences.contains { $0.contains("read nearly the same direction") })
        let far = try pair(disjoint)
        #expect(far.sentences.isEmpty, "\(far.sentences)")
        #expect(try #require(far.shared[0].weightedKeyOverlap) < 0.2)
    }

    @Test("With the second moment, the predicted share is what one patch writes at the very key of the other")
    func identity() throws {
        let (a, b) = (
            try write("a", "{} is a city in", "Jaipur", "Pakistan", seed: 1),
            try write("b", "{} is a city in", "Chennai", "Norway", seed: 2)
        )
        let pair = try PatchConflicts.all([a.folder, b.folder], statistics: scratch.url.path)[0]
        func written(_ change: Tensor, at key: Tensor) throws -> Double {
            try change.matmul(key.transposed()).norm().item()
        }
        let (first, second) = (
            try written(b.change, at: a.key) / written(a.change, at: a.key),
            try written(a.change, at: b.key) / written(b.change, at: b.key)
        )
        #expect(abs(try #require(pair.weightedDisturbanceOfFirst) - first) < 1e-6 * first)
        #expect(abs(try #require(pair.weightedDisturbanceOfSecond) - second) < 1e-6 * second)
        // Without it, the directions that are read are no keys.
        #expect(abs(pair.disturbanceOfFirst - first) > 0.01 * first)
        #expect(try PatchConflicts.all([a.folder, b.folder])[0].weightedDisturbanceOfFirst == nil)
    }

    @Test("Statistics that have nothing to do with the patches are refused with a sentence")
    func refused() throws {
        let a = try write("a", "{} is a city in", "Jaipur", "Pakistan", seed: 1)
        let b = try write("b", "{} is a city in", "Chennai", "Norway", seed: 2)
        let none = scratch.url.appending(path: "none")
        let nothing = try failure { try PatchConflicts.all([a.folder, b.folder], statistics: none.path) }
        #expect(nothing.kind == .usage && nothing.message == "there are no second moments at '\(none.path)'")
        let other = scratch.url.appending(path: "other")
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        try MomentCache.write(moment, to: other.appending(path: "neurons.9.safetensors"))
        let foreign = try failure { try PatchConflicts.all([a.folder, b.folder], statistics: other.path) }
        #expect(foreign.message == "'\(other.path)' has no second moment of a weight that the patches change")
    }
}
