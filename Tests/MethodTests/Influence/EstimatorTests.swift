// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Influence

@Suite("Estimators on a tiny model")
struct EstimatorTests {
    private static let families = TinyModel.Family.allCases
    private let examples = InfluenceTexts.examples
    private let queries = InfluenceTexts.queries

    /// Every estimator that has settings of modules, exact where it can be.
    private static let kinds = ["gradient", "tracin", "kfac", "ekfac", "linfac", "linfac-exact", "tf-idf", "random"]

    private func make(_ kind: String, budget: Int = 2048) -> any Estimator {
        switch kind {
        case "gradient":
            let estimator = GradientInfluence()
            estimator.settings.tokenBudget = budget
            return estimator
        case "tracin":
            let estimator = TracIn()
            estimator.settings.tokenBudget = budget
            return estimator
        case "kfac":
            let estimator = KFACInfluence()
            estimator.settings.tokenBudget = budget
            return estimator
        case "ekfac":
            let estimator = EKFACInfluence()
            estimator.settings.tokenBudget = budget
            estimator.curvatureSettings.rank = 5
            return estimator
        case "linfac", "linfac-exact":
            let estimator = LinFAC()
            estimator.settings.tokenBudget = budget
            estimator.gradient = kind == "linfac" ? .surrogate : .exact
            estimator.surrogateSettings.calibration = nil
            estimator.surrogateSettings.width = 6
            return estimator
        case "tf-idf": return TFIDF()
        default: return RandomInfluence()
        }
    }

    /// Gradients of weights and biases of a text's loss, by autograd.
    private func plainGradients(_ text: MarkedText, _ modules: [Module], _ model: Model) throws -> [Tensor] {
        let known = try model.parameterNames
        let names = modules.flatMap { module in
            let weight = module.projection.parameter
            return [weight, String(weight.dropLast("weight".count) + "bias")].filter(known.contains)
        }
        let weights = try TrainableWeights(Set(names).sorted(), of: model)
        let batch = try ForcedBatch([model.forcedRow(text)])
        let pass = Forward(batch.tokens, logits: .at(batch.reads))
        let loss = try batch.losses(model.applying(weights.patch).logits(pass)).sum()
        return try weights.gradients(of: loss).map { try $0.reshaped(-1).cast(to: .float64) }
    }

    @Test("gradient is the inner product of the weights' gradients by autograd", arguments: families)
    func autograd(family: TinyModel.Family) throws {
        let session = try TestSession(TinyModel.load(family))
        let model = try session.model
        let estimator = GradientInfluence()
        estimator.settings.modules = ["all"]
        let modules = try estimator.settings.chosen(from: model)
        #expect(modules.contains { $0.hasBias } == (family != .llama))
        func joined(_ texts: [MarkedText]) throws -> Tensor {
            try .stacked(texts.map { try .concatenated(plainGradients($0, modules, model)) })
        }
        let expected = try joined(queries).matmul(joined(examples).transposed())
        let found = try session.trace(estimator, examples, on: queries)
        #expect(found.shape == [queries.count, examples.count])
        #expect(try relativeDistance(found, expected) < 1e-5)
        estimator.rank = 1000
        #expect(try relativeDistance(session.trace(estimator, examples, on: queries), expected) < 1e-5)
        estimator.rank = 2
        let cut = try relativeDistance(session.trace(estimator, examples, on: queries), expected)
        #expect(cut > 1e-6 && cut < 0.5)
    }

    @Test("Blocks and batches change nothing", arguments: kinds)
    func blocks(kind: String) throws {
        let (whole, parts) = try (TestSession(TinyModel.load(.gpt2)), TestSession(TinyModel.load(.gpt2)))
        try whole.fit(make(kind), on: examples)
        let expected = try whole.trace(make(kind), examples, on: queries)
        try parts.fit(make(kind, budget: 1), on: examples.reversed(), blockSize: 5)
        let small = make(kind, budget: 40)
        let columns = try examples.map { try parts.trace(small, [$0], on: queries) }
        #expect(try relativeDistance(Tensor.concatenated(columns, 1), expected) < 2e-3)
        let names = Set(whole.store.keys.filter { !$0.hasPrefix("eigen") })
        #expect(names == Set(parts.store.keys.filter { !$0.hasPrefix("eigen") }))
        for name in names {
            let (a, b) = try (#require(whole.store[name]), #require(parts.store[name]))
            #expect(try relativeDistance(a, b) < 1e-5 || a.abs().max().item() == 0, "\(name)")
        }
    }

    @Test(
        "An example with nothing to predict has influence 0 and changes no sum",
        arguments: kinds.filter { $0 != "tf-idf" && $0 != "random" })
    func nothing(kind: String) throws {
        let (plain, other) = try (TestSession(TinyModel.load(.gpt2)), TestSession(TinyModel.load(.gpt2)))
        try plain.fit(make(kind), on: examples)
        let model = try plain.session.model
        let word = try #require(["a", "e", ".", "1"].first { try model.encode($0).count == 1 })
        let nothing = MarkedText(text: word)
        let more = [nothing] + examples.prefix(5) + [nothing] + examples.dropFirst(5)
        try other.fit(make(kind), on: more)
        let (expected, found) = try (
            plain.trace(make(kind), examples, on: queries), other.trace(make(kind), more, on: queries)
        )
        let real = more.indices.filter { more[$0] != nothing }
        #expect(try relativeDistance(found.indexSelect(1, real), expected) < 1e-5)
        for place in [0, 6] { #expect(try found.select(1, place).abs().max().item() == 0) }
        #expect(try other.trace(make(kind), [nothing], on: queries).abs().max().item() == 0)
    }

    @Test("The influence of tokens sums to that of their example, in the row's order", arguments: kinds)
    func tokens(kind: String) throws {
        let session = try TestSession(TinyModel.load(.llama))
        let estimator = make(kind)
        try session.fit(estimator, on: examples)
        func check<E: Estimator>(_ estimator: E) throws {
            let prepared = try estimator.prepare(queries, in: session.session)
            guard let tokens = try estimator.tokenInfluence(of: examples, on: prepared, in: session.session) else {
                #expect(kind == "tf-idf" || kind == "random")
                return
            }
            let whole = try estimator.influence(of: examples, on: prepared, in: session.session)
            let lengths = try examples.map { try session.model.forcedRow($0).tokens.count }
            #expect(tokens.shape == [queries.count, examples.count, lengths.max() ?? 0])
            #expect(try relativeDistance(tokens.sum(2), whole) < 1e-4)
            for (place, length) in lengths.enumerated() where length < tokens.shape[2] {
                #expect(try tokens.select(1, place).sliced(1, length..<tokens.shape[2]).abs().max().item() == 0)
            }
        }
        try check(estimator)
    }

    @Test("Sums of K-FAC are those of plain loops, over all real tokens, prompts included", arguments: families)
    func plainSums(family: TinyModel.Family) throws {
        let session = try TestSession(TinyModel.load(family))
        let model = try session.model
        let estimator = EKFACInfluence()
        estimator.curvatureSettings.labels = .data
        try session.fit(estimator, on: examples)
        let fit = CurvatureFit(curvature: .ekfac, settings: estimator.curvatureSettings, examples: estimator.settings)
        let rows = try examples.map { try model.forcedRow($0) }
        let count = rows.reduce(0) { $0 + $1.tokens.count }
        #expect(try session.session.sum(fit.tokenCount).item() == Double(count))
        #expect(try session.session.sum(fit.sequenceCount).item() == Double(rows.count))
        let losses = try model.read(rows, .losses, tokenBudget: 100).flatMap(\.losses).reduce(0, +)
        #expect(try abs(session.session.sum(fit.loss).item() - losses) < 1e-4 * losses)
        for module in try estimator.settings.chosen(from: model) {
            var (a, s, energy) = (try Tensor(0, dtype: .float64), try Tensor(0, dtype: .float64), 0.0)
            for row in rows {
                let own = try model.tokens(of: [module], in: ForcedBatch([row]))[0]
                let (x, g) = try (own.input[0].cast(to: .float64), own.gradient[0].cast(to: .float64))
                a = try a + x.transposed().matmul(x)
                s = try s + g.transposed().matmul(g)
                energy += try g.transposed().matmul(x).square().sum().item()
                if module.hasBias { #expect(try x.select(1, x.shape[1] - 1).min().item() == 1) }
            }
            let moments = try session.session.sum(fit.moments(module), .square)
            #expect(try relativeDistance(session.session.sum(fit.inputMoment(module)), a) < 1e-5)
            #expect(try relativeDistance(session.session.sum(fit.outputMoment(module), .square), s) < 1e-5)
            #expect(try abs(moments.sum().item() - energy) < 1e-4 * energy)
        }
    }

    @Test("Sums tell their settings, and modules that read the same share a moment")
    func names() throws {
        let session = try TestSession(TinyModel.load(.llama))
        let estimator = EKFACInfluence()
        func all() throws -> [String] {
            try (1...2).flatMap { try estimator.sumNames(inPass: $0, in: session.session) }
        }
        let plain = try all()
        #expect(Set(plain).count == plain.count)
        // Gate and up read the same, down something else.
        #expect(plain.filter { $0.hasPrefix("input.") }.count == 2 * TinyModel.layerCount)
        estimator.curvatureSettings.seed = 1
        let seeded = try all()
        #expect(seeded != plain && seeded.filter { $0.hasPrefix("input.") } == plain.filter { $0.hasPrefix("input.") })
        estimator.settings.maxLength = 9
        #expect(try Set(all()).isDisjoint(with: seeded))
        estimator.settings.layers = [2]
        estimator.settings.maxLength = 512
        #expect(try Set(all()).isSubset(of: seeded))
        #expect(try estimator.sumNames(inPass: 3, in: session.session).isEmpty)
        #expect(try KFACInfluence().sumNames(inPass: 2, in: session.session).isEmpty)
    }

    @Test("linfac with the curvature of ekfac and exact gradients is ekfac")
    func sameAsEKFAC() throws {
        let session = try TestSession(TinyModel.load(.gptj))
        let (linfac, ekfac) = (LinFAC(), EKFACInfluence())
        linfac.curvature = .ekfac
        linfac.gradient = .exact
        try session.fit(ekfac, on: examples)
        let expected = try session.trace(ekfac, examples, on: queries)
        #expect(try relativeDistance(session.trace(linfac, examples, on: queries), expected) < 1e-6)
    }

    @Test(
        "The influence on a unit query is that on the query, over the norm of its own gradient",
        arguments: ["gradient", "kfac", "ekfac", "linfac-exact"])
    func unitQueries(kind: String) throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        func exact(_ unit: Bool) -> any Estimator {
            let estimator = make(kind)
            switch estimator {
            case let own as GradientInfluence: own.settings.unitQueries = unit
            case let own as KFACInfluence: (own.settings.unitQueries, own.curvatureSettings.rank) = (unit, nil)
            case let own as EKFACInfluence: (own.settings.unitQueries, own.curvatureSettings.rank) = (unit, nil)
            case let own as LinFAC: (own.settings.unitQueries, own.curvatureSettings.rank) = (unit, nil)
            default: Issue.record("\(kind) has no gradients")
            }
            return estimator
        }
        try session.fit(exact(false), on: examples)
        let (plain, unit) = try (
            session.trace(exact(false), queries, on: queries), session.trace(exact(true), queries, on: queries)
        )
        // ⟨P(G), G⟩ over its own root is that root: the diagonal of `unit` squared is that of `plain`.
        let (own, all) = try (unit.diagonal().cast(to: .float64), plain.diagonal().cast(to: .float64))
        #expect(try relativeDistance(own.square(), all) < 1e-4)
        #expect(try relativeDistance(unit * own.cast(to: .float32).reshaped(-1, 1), plain) < 1e-4)
    }

    @Test("tracin at one checkpoint is gradient times the rate; at both, their sum")
    func checkpoints() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        let original = try session.trace(GradientInfluence(), examples, on: queries)
        let name = try session.model.projections(writing: [.mlpOutput(1)])[0].parameter
        let shape = try session.model.parameter(name).shape
        try session.apply(Patch([Delta(name, .dense(RandomNumbers(seed: 1).normal(shape, deviation: 0.2)))]))
        let current = try session.trace(GradientInfluence(), examples, on: queries)
        let tracin = TracIn()
        tracin.checkpoints = [.original, .current]
        tracin.rates = [0.5, 2]
        let expected = try original * 0.5 + current * 2
        #expect(try relativeDistance(session.trace(tracin, examples, on: queries), expected) < 1e-5)
        tracin.rates = [1, 2, 3]
        #expect(throws: SutureError.self) { try tracin.validate() }
    }

    @Test("tf-idf finds the text with the rare words, and 1 for the same text")
    func words() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        let texts = [
            MarkedText(text: "the cat and the dog"), MarkedText(text: "the Heliotrope and the dog"),
            MarkedText(prompt: "the cat", text: "and a heliotrope"),
        ]
        try session.fit(TFIDF(), on: texts)
        let found = try session.trace(TFIDF(), texts, on: [texts[1]]).scalars(as: Double.self)
        #expect(abs(found[1] - 1) < 1e-6 && found[2] < found[1] && found[0] < found[1])
        #expect(TFIDF.words(of: texts[0]).values.sorted() == [1, 1, 1, 2])
    }

    @Test("What does not exist is refused in a sentence")
    func mistakes() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        let settings = ModuleSettings()
        func message(_ body: () throws -> Void) -> String {
            #expect(throws: SutureError.self) { try body() }?.message ?? ""
        }
        for name in ["mpl", "*.wte.weight", "wte.weight"] {
            settings.modules = [name]
            let found = message { _ = try settings.chosen(from: session.model) }
            #expect(found.hasPrefix("the model has no module \"\(name)\"; it has transformer.h.0."))
        }
        settings.modules = ["*.mlp.c_proj.weight"]
        #expect(try settings.chosen(from: session.model).count == TinyModel.layerCount)
        settings.layers = [1, 9]
        #expect(message { _ = try settings.chosen(from: session.model) }.contains("layer 9"))
        settings.modules = []
        #expect(message { try settings.validate() } == "modules is empty")
        let unfitted = message { _ = try KFACInfluence().prepare(queries, in: session.session) }
        #expect(unfitted.contains("has not been fitted"))
    }
}
