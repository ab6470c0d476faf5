// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Influence

@Suite("LinFAC's surrogate, and drawn labels")
struct SurrogateTests {
    private let examples = InfluenceTexts.examples
    private let queries = InfluenceTexts.queries

    private func linfac(floor: Double, below: LinFAC.Below = .exact) -> LinFAC {
        let estimator = LinFAC()
        estimator.surrogateSettings.calibration = nil
        estimator.surrogateSettings.floor = floor
        estimator.below = below
        return estimator
    }

    @Test("Its influence is Σ (W φ + b)ᵀ P a, written out token by token")
    func writtenOut() throws {
        let session = try TestSession(TinyModel.load(.llama))
        let model = try session.model
        let estimator = linfac(floor: -1e9)
        estimator.surrogateSettings.width = 5
        try session.fit(estimator, on: examples)
        let found = try session.trace(estimator, examples, on: queries)
        let modules = try estimator.settings.chosen(from: model)
        let surrogate = SurrogateFit(settings: estimator.surrogateSettings, examples: estimator.settings)
        let projections = try Features.Projections(width: 5, of: model)
        let exact = LinFAC()
        exact.gradient = .exact
        let prepared = try exact.prepare(queries, in: session.session).exact
        var expected = [Double](repeating: 0, count: queries.count * examples.count)
        for (place, example) in examples.enumerated() {
            let batch = try ForcedBatch([model.forcedRow(example)])
            for (m, own) in try model.surrogateTokens(of: modules, in: batch, projections).enumerated() {
                let weights = try surrogate.solution(of: modules[m], in: session.session).weights.cast(to: .float32)
                let predicted = try own.gradient.matmul(weights.transposed())
                for part in prepared.batches {
                    let scores = try part.modules[m].scores(own.input, predicted)[0].scalars(as: Double.self)
                    for (query, score) in zip(part.places, scores) { expected[query * examples.count + place] += score }
                }
            }
        }
        #expect(try relativeDistance(found, Tensor(expected, shape: [queries.count, examples.count])) < 1e-4)
    }

    @Test("e is R₂ Uᵀ (p − onehot) where a token is read, ē its mean over the rest, and both end with the last read")
    func features() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        let model = try session.model
        let settings = ModuleSettings()
        let modules = try settings.chosen(from: model)
        let rows = try [examples[0], examples[1]].map { try model.forcedRow($0) }
        let batch = try ForcedBatch(rows)
        let width = TinyModel.dModel
        let phi = try model.surrogateTokens(of: modules, in: batch, Features.Projections(width: width, of: model))[0]
            .gradient
        #expect(phi.shape[2] == 4 * width + 1)
        var pass = Forward(batch.tokens, logits: .at(batch.reads))
        pass.captures = [Capture(.mlpInput(0)), Capture(.finalNorm)]
        let output = try model.forward(pass)
        // Tied to the embedding in this family.
        let unembedding = try model.parameter(#require(try model.parameterNames.first { $0.hasSuffix("wte.weight") }))
        let targets = try Tensor.identity(model.info.vocabulary).indexSelect(0, Array(batch.targets))
        let errors = try (output.requireLogits().softmax() - targets).matmul(unembedding)
        for (row, forced) in rows.enumerated() {
            let last = try #require(forced.reads.map(\.position).max())
            let own = try phi[row]
            let e = try own.sliced(1, 2 * width..<3 * width)
            let behind = try own.sliced(1, 3 * width..<4 * width)
            for position in 0..<phi.shape[1] {
                let isCounted = position <= last
                #expect(try own[position][4 * width].item() == (isCounted ? 1 : 0))
                guard isCounted else {
                    #expect(try own[position].abs().max().item() == 0)
                    continue
                }
                #expect(try distance(own[position][0..<width], output.captures[0][row][position]) < 1e-5)
                #expect(try distance(own[position][width..<2 * width], output.captures[1][row][position]) < 1e-5)
                #expect(try distance(behind[position], e[position..<last + 1].mean(0)) < 1e-5)
                if let read = batch.reads.firstIndex(of: TokenIndex(row: row, position: position)) {
                    #expect(try distance(e[position], errors[read]) < 1e-5)
                } else {
                    #expect(try e[position].abs().max().item() == 0)
                }
            }
        }
    }

    @Test("Modules below the floor are exact, or dropped, and are refused where none is left")
    func floor() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        try session.fit(linfac(floor: 1), on: examples)
        let exact = LinFAC()
        exact.gradient = .exact
        let expected = try session.trace(exact, examples, on: queries)
        #expect(try relativeDistance(session.trace(linfac(floor: 1), examples, on: queries), expected) < 1e-6)
        let none = #expect(throws: SutureError.self) {
            try session.trace(linfac(floor: 1, below: .drop), examples, on: queries)
        }
        #expect(none?.message.contains("predicts no module") == true)
    }

    @Test("Drawn labels depend on the text alone, and follow the model's probabilities")
    func labels() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        let model = try session.model
        let texts = (0..<400).map { MarkedText(text: "Rome \($0)") }
        let batch = try ForcedBatch(texts.map { try model.forcedRow($0) })
        let count = batch.reads.count
        let logits = try Tensor.stacked([Tensor](repeating: Tensor([0.0, 1, -1, 0.5]), count: count))
        let draws = try LabelDraws(for: batch, of: texts, seed: 0)
        let drawn = try draws.targets(logits).scalars(as: Int.self)
        #expect(try draws.targets(logits).scalars(as: Int.self) == drawn)
        let shares = try Tensor([0.0, 1, -1, 0.5]).softmax().scalars(as: Double.self)
        for (token, share) in shares.enumerated() {
            let found = Double(drawn.count { $0 == token }) / Double(count)
            #expect(abs(found - share) < 4 * (share * (1 - share) / Double(count)).squareRoot())
        }
        let other = try LabelDraws(for: batch, of: texts, seed: 1).targets(logits).scalars(as: Int.self)
        #expect(other != drawn)
        // Alone, a text draws what it drew among others.
        let place = 17
        let alone = try ForcedBatch([model.forcedRow(texts[place])])
        let own = try LabelDraws(for: alone, of: [texts[place]], seed: 0).targets(logits[0..<alone.reads.count])
        let expected = zip(batch.reads, drawn).filter { $0.0.row == place }.map(\.1)
        #expect(try own.scalars(as: Int.self) == expected)
        // A token that cannot come is never drawn.
        let certain = try Tensor.stacked(
            [Tensor](repeating: Tensor([-Double.infinity, 0, -.infinity]), count: count))
        #expect(try draws.targets(certain).scalars(as: Int.self).allSatisfy { $0 == 1 })
    }
}
