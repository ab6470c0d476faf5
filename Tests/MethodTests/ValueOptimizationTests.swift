// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import ValueEditing

/// Values have norms of about 5; a step of Adam can turn rounding of a gradient near 0 into a step of its own.
private let valueTolerance = 2e-3

@Suite("Optimising values")
struct ValueOptimizationTests {
    private static let templates = ContextTemplates(groups: [["{}"], ["Rome is a capital. {}", "The tower. {}"]])

    private func settings(
        steps: Int = 8, lossLayer: Int? = nil, tokenBudget: Int = 8192, decay: Double = 0.1
    ) -> ValueSettings {
        let settings = ValueSettings(steps: steps, clampFactor: 0.75)
        settings.learningRate = 0.1
        settings.lossLayer = lossLayer
        settings.tokenBudget = tokenBudget
        settings.weightDecay = decay
        return settings
    }

    private func optimization(_ layer: Int, _ settings: ValueSettings, site: Site? = nil) -> ValueOptimization {
        ValueOptimization(
            sites: [site ?? .residualOut(layer)], layer: layer, settings: settings,
            objectives: [
                RewriteObjective(templates: ValueOptimizationTests.templates, token: .subjectLast),
                EssenceObjective(token: .subjectLast),
            ])
    }

    /// Values of one case, and its likelihoods.
    private struct PlainResult {
        var values: Tensor
        var initialNLL: Double
        var finalNLL: Double
    }

    /// The published loop, word for word: whole passes over whole rows, one case, an optimiser of its own.
    private func plain(
        _ editCase: EditCase, _ optimization: ValueOptimization, _ model: Model
    ) throws -> PlainResult {
        let settings = optimization.settings
        let rows = try optimization.objectives.flatMap { try $0.rows(for: editCase, model) }
        let batch = try TokenBatch(rows.map(\.tokens))
        let lookups = rows.enumerated().map { TokenIndex(row: $0.offset, position: $0.element.lookup) }
        let lossLayer = max(settings.lossLayer ?? model.info.layerCount - 1, optimization.layer)
        let sites = optimization.sites
        let delta = try Tensor.zeros([sites.count, model.info.dModel]).leaf()
        let adam = try Optimizer(.adam(learningRate: settings.learningRate), leaves: [delta])
        var initial: Tensor?
        var reference: Tensor?
        var factor = 1.0
        var nll: [Double] = []
        for step in 0..<settings.steps {
            var pass = Forward(batch, logits: .all)
            // A capture shows the value before the pass changes it, always at step 0, where delta is 0.
            pass.captures = sites.map { Capture($0, at: [lookups[0]]) } + [Capture(.residualOut(lossLayer))]
            pass.interventions = try sites.enumerated().map { i, site in
                Intervention(site, at: lookups, .add(try delta[i].unsqueezed(0).expanded(rows.count, -1)))
            }
            let output = try model.forward(pass)
            if initial == nil { initial = try Tensor.concatenated(Array(output.captures.dropLast())).detached() }
            guard let initial, let full = output.logits else { throw SutureError(.internal, "no pass") }
            var later = full
            if lossLayer < model.info.layerCount - 1 {
                let end = model.info.layerCount
                later = try #require(
                    model.forward(
                        Forward(.residual(output.captures[sites.count], lengths: batch.lengths), layers: end..<end)
                    ).logits)
            }
            var losses: [Tensor] = []
            var weights = 0.0
            var rewrites: [Double] = []
            var isFirstChoice = true
            for (i, row) in rows.enumerated() where !row.isDivergence {
                let first = row.tokens.count - row.target.count
                let logits = try later[i][first..<row.tokens.count]
                let targets = try Tensor(row.target)
                isFirstChoice =
                    try isFirstChoice && logits.argmax().scalars(as: Int.self) == targets.scalars(as: Int.self)
                let sum = try logits.crossEntropy(targets, reduction: .sum)
                switch row.term {
                case .rewrite:
                    losses.append(try sum / Double(row.target.count))
                    weights += 1
                    rewrites.append(try losses[losses.count - 1].item())
                case .neighbor(_, let count, let weight):
                    losses.append(try weight * sum / Double(count))
                    weights += weight
                case .divergence: break
                }
            }
            nll.append(rewrites.reduce(0, +) / Double(rewrites.count))
            let last = rows.count - 1
            let predicted = try full[last][rows[last].lookup].logSoftmax()
            let reference0 = try reference ?? predicted.detached()
            reference = reference0
            let likelihood = try Tensor.stacked(losses).sum() / weights
            let divergence = try settings.divergenceFactor * predicted.klDivergence(to: reference0)
            let decay = try settings.weightDecay * (delta.norm(1) / initial.norm(1).square()).sum()
            let loss = try factor * likelihood + divergence + decay
            if try loss.item() < 0.05 { break }
            if case .adaptive = optimization.likelihoodFactor {
                factor = isFirstChoice ? 0.1 : 1
                if try isFirstChoice && divergence.item() <= 0.01 { break }
            }
            if step == settings.steps - 1 { break }
            try adam.zeroGradients()
            try loss.backward()
            try adam.step()
            for i in sites.indices {
                let radius = try settings.clampFactor * initial[i].norm().item()
                let length = try delta.detached()[i].norm().item()
                if length > radius { try delta[i].detached().assign(from: delta.detached()[i] * (radius / length)) }
            }
        }
        return PlainResult(
            values: try #require(initial) + delta.detached(), initialNLL: try #require(nll.first),
            finalNLL: try #require(nll.last))
    }

    /// Checks the optimisation of several cases at once against the plain loop.
    private func expectPlain(_ optimization: ValueOptimization, _ cases: [EditCase], _ session: TestSession) throws {
        let optimized = try optimization.values(for: cases, session.model, in: session.session)
        for (i, editCase) in cases.enumerated() {
            let plain = try plain(editCase, optimization, session.model)
            for site in optimization.sites.indices {
                #expect(try distance(optimized.values[site][i], plain.values[site]) < valueTolerance)
            }
            #expect(abs(optimized.initialNLL[i] - plain.initialNLL) < valueTolerance)
            #expect(abs(optimized.finalNLL[i] - plain.finalNLL) < valueTolerance)
        }
    }

    @Test(
        "Equals the published loop over whole passes",
        arguments: TinyModel.Family.allCases, [0, 2, 3])
    func equalsPlainLoop(family: TinyModel.Family, layer: Int) throws {
        let session = try TestSession(TinyModel.load(family))
        let cases = TinyCases.make(3, endInSubject: layer == TinyModel.layerCount - 1)
        let optimization = optimization(layer, settings())
        try expectPlain(optimization, cases, session)
    }

    @Test(
        "Equals the published loop where attention and the MLP have a vector each, and the likelihood eases off",
        arguments: TinyModel.Family.allCases, [0, 2])
    func equalsPlainLoopOfTwo(family: TinyModel.Family, layer: Int) throws {
        let session = try TestSession(TinyModel.load(family))
        let long = settings(steps: 45, decay: 0)
        // Far enough that some of the new objects become first choices and the factor changes.
        long.clampFactor = 20
        long.learningRate = 0.2
        var optimization = optimization(layer, long)
        optimization.sites = [.mlpOutput(layer), .attentionOutput(layer)]
        let cases = TinyCases.make(3, endInSubject: true)
        let steady = try optimization.values(for: cases, session.model, in: session.session)
        session.store = [:]
        optimization.likelihoodFactor = .adaptive(base: 1)
        try expectPlain(optimization, cases, session)
        let eased = try optimization.values(for: cases, session.model, in: session.session)
        #expect(try distance(steady.values[0], eased.values[0]) > 10 * valueTolerance)
    }

    @Test(
        "Equals the published loop where neighbours must keep their object",
        arguments: [(1, 1.0, NeighborSettings.Length.own), (2, 1.0, .newObject), (2, 3.0, .own)])
    func equalsPlainLoopWithNeighbors(count: Int, weight: Double, length: NeighborSettings.Length) throws {
        let session = try TestSession(TinyModel.load())
        let neighbors = NeighborSettings()
        neighbors.count = count
        neighbors.weight = weight
        neighbors.length = length
        var optimization = optimization(1, settings())
        let objective = NeighborObjective(
            templates: ValueOptimizationTests.templates, settings: neighbors, token: .subjectLast)
        optimization.objectives.insert(objective, at: 1)
        try expectPlain(optimization, TinyCases.make(3), session)
    }

    @Test("A neighbour's row has the first sampled context, its own subject and object, and delta at its subject's end")
    func neighborRows() throws {
        let model = try TestSession(TinyModel.load()).model
        let settings = NeighborSettings()
        settings.count = 5
        let objective = NeighborObjective(
            templates: ValueOptimizationTests.templates, settings: settings, token: .subjectLast)
        // The new object " Paris" is one token.
        let rows = try objective.rows(for: TinyCases.make(1)[0], model)
        #expect(rows.count == 2)
        let target = try model.encode(" Mount Etna")
        let text = try "Rome is a capital. The Rome lies in" + model.decode(target.dropLast())
        #expect(try model.decode(rows[0].tokens) == text)
        #expect(try model.decode([rows[0].tokens[rows[0].lookup]]) == " Rome")
        #expect(rows[0].target == target && rows[0].count == target.count)
        settings.length = .newObject
        let published = try objective.rows(for: TinyCases.make(1)[0], model)
        #expect(target.count > 1 && published[0].count == 1)
        settings.count = 0
        #expect(try objective.rows(for: TinyCases.make(1)[0], model).isEmpty)
    }

    @Test("Anchored at the original model, clamp and divergence do not follow the edits")
    func anchor() throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(2)
        let settings = settings(steps: 20, decay: 0)
        settings.clampFactor = 0.05
        settings.divergenceFactor = 0
        let name = try session.model.weightName(reading: .neurons(0))
        let random = try RandomNumbers(seed: 1).normal([TinyModel.dModel, 64], deviation: 1)
        let original = try session.model
        try session.apply(Patch([Delta(name, .dense(random))]))
        func lengths(_ anchor: ValueSettings.Anchor) throws -> (delta: [Double], radius: [Double], before: [Double]) {
            settings.anchor = anchor
            session.store = [:]
            let values = try optimization(1, settings).values(for: cases, session.model, in: session.session).values[0]
            let rows = try cases.map {
                try ValueOptimizationTests.templates.lookups(of: $0, .subjectLast, original)[0].tokensThroughLookup
            }
            func norms(_ model: Model) throws -> (Tensor, [Double]) {
                let read = try model.values(of: .residualOut(1), atEndOf: rows, tokenBudget: 1000)
                return (read, try (settings.clampFactor * read.norm(1)).scalars(as: Double.self))
            }
            let (now, radius) = try norms(session.model)
            return (try (values - now).norm(1).scalars(as: Double.self), radius, try norms(original).1)
        }
        let current = try lengths(.current)
        let anchored = try lengths(.original)
        for i in cases.indices {
            // The random change made the stream longer, and the optimisation goes to its bound.
            #expect(current.radius[i] > 1.05 * current.before[i])
            #expect(abs(current.delta[i] - current.radius[i]) < valueTolerance)
            #expect(abs(anchored.delta[i] - anchored.before[i]) < valueTolerance)
        }
    }

    @Test("The loss may be read after an earlier block", arguments: [1, 2])
    func earlierLossLayer(lossLayer: Int) throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(2, endInSubject: lossLayer == 1)
        let optimization = optimization(1, settings(lossLayer: lossLayer))
        try expectPlain(optimization, cases, session)
    }

    @Test("ROME's value is that of the MLP output, moved by the same delta", arguments: TinyModel.Family.allCases)
    func mlpOutput(family: TinyModel.Family) throws {
        let session = try TestSession(TinyModel.load(family))
        let cases = TinyCases.make(2)
        // Without clamp and decay delta does not depend on where the value is read.
        let free = settings(decay: 0)
        free.clampFactor = 1e6
        let lookups = try ValueOptimizationTests.templates.lookups(of: cases[0], .subjectLast, session.model)
        func delta(_ site: Site) throws -> Tensor {
            let value = try optimization(1, free, site: site)
                .values(for: cases, session.model, in: session.session).values[0]
            let rows = [lookups[0].tokensThroughLookup]
            return try value[0..<1] - session.model.values(of: site, atEndOf: rows, tokenBudget: 100)
        }
        #expect(try distance(delta(.mlpOutput(1)), delta(.residualOut(1))) < valueTolerance)
    }

    @Test("Does not depend on how cases are cut into chunks", arguments: [1, 150, 400])
    func chunks(tokenBudget: Int) throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(6)
        let whole = try optimization(1, settings()).values(for: cases, session.model, in: session.session).values[0]
        session.store = [:]
        let parts = try optimization(1, settings(tokenBudget: tokenBudget))
            .values(for: cases, session.model, in: session.session).values[0]
        #expect(session.store.count > 1)
        #expect(try distance(whole, parts) < valueTolerance)
    }

    @Test("A case that has finished stays where it is while others go on")
    func freezing() throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(4)
        let long = settings(steps: 60, decay: 0)
        long.clampFactor = 20
        let together = try optimization(2, long).values(for: cases, session.model, in: session.session).values[0]
        for (i, editCase) in cases.enumerated() {
            session.store = [:]
            let alone = try optimization(2, long).values(for: [editCase], session.model, in: session.session).values[0]
            #expect(try distance(together[i].unsqueezed(0), alone) < 10 * valueTolerance)
        }
    }

    @Test("A run that was cancelled goes on with the same numbers")
    func resumes() throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(6)
        let optimization = optimization(1, settings(tokenBudget: 150))
        let whole = try optimization.values(for: cases, session.model, in: session.session).values[0]
        let chunks = session.store.count

        session.store = [:]
        session.stepsLeft = 12
        #expect(throws: SutureError.self) {
            try optimization.values(for: cases, session.model, in: session.session)
        }
        #expect((1..<chunks).contains(session.store.count))
        session.stepsLeft = nil
        let resumed = try optimization.values(for: cases, session.model, in: session.session).values[0]
        #expect(try whole.scalars(as: Float.self) == resumed.scalars(as: Float.self))
    }

    @Test("Delta stays within the clamp, and the loss falls")
    func clamp() throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(3)
        let settings = settings(steps: 30)
        settings.clampFactor = 0.4
        let optimization = optimization(1, settings)
        let rows = try cases.map { editCase in
            try optimization.objectives.flatMap { try $0.rows(for: editCase, session.model) }
        }
        var (batch, initial) = try ValueBatch.run(
            rows, values: optimization.sites, layer: 1, lossLayer: 3, session.model)
        let values = try optimization.values(for: cases, session.model, in: session.session).values[0]
        let delta = try values.unsqueezed(0) - initial
        let ratios = try (delta.norm(2) / initial.norm(2)).scalars(as: Double.self)
        #expect(ratios.allSatisfy { $0 <= 0.4 + 1e-5 })
        let before = try batch.loss(Tensor.zeros(initial.shape), session.model).likelihood.scalars(as: Double.self)
        let after = try batch.loss(delta, session.model).likelihood.scalars(as: Double.self)
        #expect(zip(before, after).allSatisfy { $0 > $1 })
    }
}
