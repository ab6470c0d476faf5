// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import MEMIT

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
            site: site ?? .residualOut(layer), layer: layer, settings: settings,
            objectives: [
                RewriteObjective(templates: ValueOptimizationTests.templates, token: .subjectLast),
                EssenceObjective(token: .subjectLast),
            ])
    }

    /// The published loop, word for word: whole passes over whole rows, one case, an optimiser of its own.
    private func plain(_ editCase: EditCase, _ optimization: ValueOptimization, _ model: Model) throws -> Tensor {
        let settings = optimization.settings
        let rows = try optimization.objectives.flatMap { try $0.rows(for: editCase, model) }
        let batch = try TokenBatch(rows.map(\.tokens))
        let lookups = rows.enumerated().map { TokenIndex(row: $0.offset, position: $0.element.lookup) }
        let lossLayer = max(settings.lossLayer ?? model.info.layerCount - 1, optimization.layer)
        let delta = try Tensor.zeros([1, model.info.dModel]).leaf()
        let adam = try Optimizer(.adam(learningRate: settings.learningRate), leaves: [delta])
        var initial: Tensor?
        var reference: Tensor?
        for step in 0..<settings.steps {
            var pass = Forward(batch, logits: .all)
            pass.captures = [
                Capture(optimization.site, at: [lookups[0]]), Capture(.residualOut(lossLayer)),
            ]
            // A capture shows the value before the pass changes it, at step 0 in any case, where delta is 0.
            pass.interventions = [
                Intervention(.residualOut(optimization.layer), at: lookups, .add(try delta.expanded(rows.count, -1)))
            ]
            let output = try model.forward(pass)
            if initial == nil { initial = try output.captures[0].detached() }
            guard let initial, let full = output.logits else { throw SutureError(.internal, "no pass") }
            var behind = full
            if lossLayer < model.info.layerCount - 1 {
                let end = model.info.layerCount
                behind = try #require(
                    model.forward(
                        Forward(.residual(output.captures[1], lengths: batch.lengths), layers: end..<end)).logits)
            }
            var losses: [Tensor] = []
            for (i, row) in rows.enumerated() {
                guard case .likelihood(let target) = row.term else { continue }
                let first = row.tokens.count - target.count
                let logits = try behind[i][first..<row.tokens.count]
                losses.append(try logits.crossEntropy(Tensor(target)))
            }
            let last = rows.count - 1
            let predicted = try full[last][rows[last].lookup].logSoftmax()
            let reference0 = try reference ?? predicted.detached()
            reference = reference0
            let likelihood = try Tensor.stacked(losses).mean()
            let divergence = try predicted.klDivergence(to: reference0)
            let decay = try settings.weightDecay * delta.norm() / initial.norm().square()
            let loss = try likelihood + settings.divergenceFactor * divergence + decay
            if try loss.item() < 0.05 || step == settings.steps - 1 { break }
            try adam.zeroGradients()
            try loss.backward()
            try adam.step()
            let radius = try settings.clampFactor * initial.norm().item()
            let length = try delta.detached().norm().item()
            if length > radius { try delta.assign(from: delta.detached() * (radius / length)) }
        }
        return try #require(initial) + delta.detached()
    }

    @Test(
        "Equals the published loop over whole passes",
        arguments: TinyModel.Family.allCases, [0, 2, 3])
    func equalsPlainLoop(family: TinyModel.Family, layer: Int) throws {
        let session = try TestSession(TinyModel.load(family))
        let cases = TinyCases.make(3, endInSubject: layer == TinyModel.layerCount - 1)
        let optimization = optimization(layer, settings())
        let values = try optimization.values(for: cases, session.model, in: session.session)
        for (i, editCase) in cases.enumerated() {
            let plain = try plain(editCase, optimization, session.model)
            #expect(try distance(values[i].unsqueezed(0), plain) < valueTolerance)
        }
    }

    @Test("The loss may be read behind an earlier block", arguments: [1, 2])
    func earlierLossLayer(lossLayer: Int) throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(2, endInSubject: lossLayer == 1)
        let optimization = optimization(1, settings(lossLayer: lossLayer))
        let values = try optimization.values(for: cases, session.model, in: session.session)
        for (i, editCase) in cases.enumerated() {
            let plain = try plain(editCase, optimization, session.model)
            #expect(try distance(values[i].unsqueezed(0), plain) < valueTolerance)
        }
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
            let value = try optimization(1, free, site: site).values(for: cases, session.model, in: session.session)
            let rows = [lookups[0].tokensThroughLookup]
            return try value[0..<1] - session.model.values(of: site, atEndOf: rows, tokenBudget: 100)
        }
        #expect(try distance(delta(.mlpOutput(1)), delta(.residualOut(1))) < valueTolerance)
    }

    @Test("Does not depend on how cases are cut into chunks", arguments: [1, 150, 400])
    func chunks(tokenBudget: Int) throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(6)
        let whole = try optimization(1, settings()).values(for: cases, session.model, in: session.session)
        session.store = [:]
        let parts = try optimization(1, settings(tokenBudget: tokenBudget))
            .values(for: cases, session.model, in: session.session)
        #expect(session.store.count > 1)
        #expect(try distance(whole, parts) < valueTolerance)
    }

    @Test("A case that has finished stays where it is while others go on")
    func freezing() throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(4)
        let long = settings(steps: 60, decay: 0)
        long.clampFactor = 20
        let together = try optimization(2, long).values(for: cases, session.model, in: session.session)
        for (i, editCase) in cases.enumerated() {
            session.store = [:]
            let alone = try optimization(2, long).values(for: [editCase], session.model, in: session.session)
            #expect(try distance(together[i].unsqueezed(0), alone) < 10 * valueTolerance)
        }
    }

    @Test("A run that was cancelled goes on with the same numbers")
    func resumes() throws {
        let session = try TestSession(TinyModel.load())
        let cases = TinyCases.make(6)
        let optimization = optimization(1, settings(tokenBudget: 150))
        let whole = try optimization.values(for: cases, session.model, in: session.session)
        let chunks = session.store.count

        session.store = [:]
        session.stepsLeft = 12
        #expect(throws: SutureError.self) {
            try optimization.values(for: cases, session.model, in: session.session)
        }
        #expect((1..<chunks).contains(session.store.count))
        session.stepsLeft = nil
        let resumed = try optimization.values(for: cases, session.model, in: session.session)
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
            rows, value: optimization.site, layer: 1, lossLayer: 3, session.model)
        let delta = try optimization.values(for: cases, session.model, in: session.session) - initial
        let ratios = try (delta.norm(1) / initial.norm(1)).scalars(as: Double.self)
        #expect(ratios.allSatisfy { $0 <= 0.4 + 1e-5 })
        let before = try batch.loss(Tensor.zeros(initial.shape), divergenceFactor: 0, session.model)
            .scalars(as: Double.self)
        let after = try batch.loss(delta, divergenceFactor: 0, session.model).scalars(as: Double.self)
        #expect(zip(before, after).allSatisfy { $0 > $1 })
    }
}
