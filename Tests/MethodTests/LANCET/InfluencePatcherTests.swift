// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import LANCET

@Suite("Training by influence on a tiny model")
struct InfluencePatcherTests {
    private let session: TestSession
    /// Of forty examples, the first four promote and the next four counteract.
    private let promoting = Array(0..<4), counteracting = Array(4..<8)

    init() throws {
        session = try TestSession(TinyModel.load())
        let subjects = ["Mount Etna", "Eiffel tower", "Rome", "Paris", "The tower"]
        let verbs = ["lies in", "plays", "is the capital of", "is a"]
        let objects = [" Rome", " Paris"]
        session.training = objects.flatMap { object in
            verbs.flatMap { verb in subjects.map { MarkedText(prompt: "\($0) \(verb)", text: object) } }
        }
        // A model at random says everything with the probability of chance, below which nothing pushes.
        try learn()
        let values = session.training.indices.map {
            promoting.contains($0) ? 5 : counteracting.contains($0) ? -5 : 0.01
        }
        session.influence = { _, queries in
            try Tensor(queries.flatMap { _ in values }, shape: [queries.count, values.count]).cast(to: .float32)
        }
    }

    /// Trains the model on its training examples.
    private func learn() throws {
        let settings = OptimizerSettings()
        settings.learningRate = 3e-3
        let model = try session.session.model
        let training = try InfluenceTraining(model, settings)
        let rows = try training.rows(session.training)
        for step in 0..<40 { try training.step(step, of: 40, loss: training.lower(rows)) }
        let patch = try training.trained.result(on: model)
        try session.apply(patch)
    }

    private let cases: [EditCase] = TinyCases.makeComplete(4)

    private func prepare<Method: InfluencePatcher>(_ method: Method) -> Method {
        method.recall.estimator = ComponentReference(slot: "estimator")
        method.recall.share = 0.1
        method.recall.percentile = 80
        method.optimizer.learningRate = 3e-3
        method.optimizer.steps = 20
        method.development.share = 0
        return method
    }

    /// The mean change of log p per token.
    private func change(_ patch: Patch, on places: [Int]) throws -> Double {
        let model = try session.session.model
        let training = try InfluenceTraining(model, OptimizerSettings())
        let rows = try training.rows(places.map { session.training[$0] })
        return try (training.values(rows, on: model.applying(patch)) - training.values(rows, on: model)).mean().item()
    }

    @Test("The promoting examples become less likely than the counteracting ones", arguments: LANCET.Mode.allCases)
    func modes(mode: LANCET.Mode) throws {
        for potential in [Potential.logistic, .squared] {
            let method = prepare(LANCET())
            method.mode = mode
            method.potential = potential
            let patch = try method.patch(cases, at: [], in: session.session)
            #expect(try change(patch, on: promoting) < -0.1)
            #expect(try change(patch, on: promoting) < change(patch, on: counteracting) - 0.2)
        }
        #expect(session.scores.contains { $0.name == "promoting" && $0.value == 4 })
    }

    @Test("Wanted answers show what counteracts, where the queries alone do not")
    func contrast() throws {
        let count = session.training.count
        session.influence = { _, queries in
            let rows = queries.flatMap { query in
                (0..<count).map { (query.text == " Rome" ? promoting : counteracting).contains($0) ? 5.0 : 0.01 }
            }
            return try Tensor(rows, shape: [queries.count, count]).cast(to: .float32)
        }
        let cases = cases.map {
            var one = $0
            (one.wrongAnswer, one.answer) = (" Rome", " Paris")
            return one
        }
        let method = prepare(LANCET())
        _ = try method.patch(cases, at: [], in: session.session)
        #expect(session.scores.contains { $0.name == "counteracting" && $0.value == 0 })
        method.queries.contrast = .answer
        let patch = try method.patch(cases, at: [], in: session.session)
        #expect(session.scores.contains { $0.name == "wanted" && $0.value == 4 })
        #expect(session.scores.contains { $0.name == "counteracting" && $0.value == 4 })
        #expect(try change(patch, on: promoting) < change(patch, on: counteracting) - 0.2)

        let bare = cases.map {
            var one = $0
            one.answer = ""
            return one
        }
        #expect(throws: SutureError.self) { try method.patch(bare, at: [], in: session.session) }
        method.queries.contrast = .unmarked
        #expect(throws: SutureError.self) { try method.validate() }
    }

    @Test("Every baseline lowers the likelihood of the promoting examples")
    func baselines() throws {
        func lowered(_ method: some InfluencePatcher) throws -> Double {
            try change(prepare(method).patch(cases, at: [], in: session.session), on: promoting)
        }
        #expect(try lowered(GradientAscent()) < -0.2)
        #expect(try lowered(NegativePreference()) < -0.2)
        #expect(try lowered(ExampleUnlikelihood()) < -0.01)
    }

    @Test("The proximity keeps the anchors")
    func proximity() throws {
        func drift(_ gamma: Double) throws -> Double {
            let method = prepare(GradientAscent())
            method.proximity = gamma
            let patch = try method.patch(cases, at: [], in: session.session)
            let training = try InfluenceTraining(session.session.model, OptimizerSettings())
            let rows = try training.rows((8..<40).map { session.training[$0] })
            let (a, b) = try (
                training.values(rows, on: session.session.model),
                training.values(rows, on: session.session.model.applying(patch))
            )
            return try (a - b).abs().mean().item()
        }
        #expect(try drift(10) < 0.7 * drift(0))
    }

    @Test("Small batches change nothing but speed")
    func batches() throws {
        func gradients(_ budget: Int) throws -> [Tensor] {
            let settings = OptimizerSettings()
            settings.tokenBudget = budget
            let training = try InfluenceTraining(session.session.model, settings)
            let rows = try training.rows(Array(session.training.prefix(8)))
            let pairs = [Pair(harmful: 0, harmless: 5, gap: 2), Pair(harmful: 3, harmless: 6, gap: 1)]
            _ = try training.backward(rows) {
                try Losses.pairs(pairs, $0, beta: 1, kappa: 2, potential: .logistic)
            }
            return try training.trained.leaves.map { try $0.gradient() ?? Tensor.zeros($0.shape) }
        }
        for (a, b) in zip(try gradients(8192), try gradients(16)) { #expect(try (a - b).abs().max().item() < 1e-5) }
    }

    @Test("Held-out cases choose a step within the perplexity, and a run says what is missing")
    func heldOut() throws {
        let method = prepare(LANCET())
        method.development.share = 0.25
        method.development.interval = 5
        method.development.anchorCount = 8
        method.development.perplexityLimit = 1.2
        method.roundCount = 2
        _ = try method.patch(cases, at: [], in: session.session)
        #expect(session.reports.map(\.stage) == ["round-1", "round-2"])
        method.recall.percentile = 100
        session.influence = { _, queries in try Tensor.zeros([queries.count, 40]) }
        #expect(throws: SutureError.self) { try method.patch(cases, at: [], in: session.session) }
        let bare = [EditCase(index: 0, id: "0", prompt: "Rome", subject: "", targetNew: "", targetTrue: "")]
        #expect(throws: SutureError.self) {
            try QuerySettings().queries(of: bare, on: session.session.model, seed: 0, in: session.session)
        }
    }

    @Test("Retraining learns what is left, and a file of lines says what that is")
    func retrain() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try "1\n3\n40\n".write(to: file, atomically: true, encoding: .utf8)
        let method = Retrain()
        let model = try session.session.model
        method.without = FilePath(file.path)
        #expect(try method.examples([], model, in: session.session) == (0..<40).filter { ![0, 2, 39].contains($0) })
        method.fraction = 0.5
        let drawn = try method.examples([], model, in: session.session)
        let again = try method.examples([], model, in: session.session)
        #expect(drawn.count == 19 && drawn == again)
        (method.without, method.subset, method.fraction) = (nil, FilePath(file.path), 1)
        #expect(try method.examples([], model, in: session.session) == [0, 2, 39])
        method.optimizer.learningRate = 3e-3
        method.optimizer.steps = 20
        #expect(try change(method.patch(cases, at: [], in: session.session), on: [0, 2, 39]) > 0.3)
        (method.subset, method.estimator, method.share) = (nil, ComponentReference(slot: "estimator"), 0.1)
        method.percentile = 80
        #expect(try method.examples(cases, model, in: session.session) == Array(4..<40))
        try "41\n".write(to: file, atomically: true, encoding: .utf8)
        method.subset = FilePath(file.path)
        #expect(throws: SutureError.self) { try method.examples([], model, in: session.session) }
    }
}
