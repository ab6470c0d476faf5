// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import CREME

@Suite("CREME on a tiny model")
struct CREMETests {
    private static let families = TinyModel.Family.allCases

    private static func composition(_ index: Int, _ phrase: String, bridge: String) -> EditCase {
        EditCase(
            index: index, id: "\(index)", prompt: "The capital of {} is", subject: phrase, bridge: bridge,
            secondHopPrompt: "The capital of {} is")
    }

    private static let cases = [
        composition(0, "the mother of Etna", bridge: "Rome"), composition(1, "the tower", bridge: "Paris"),
        composition(2, "Mount Etna", bridge: "the Eiffel tower"),
    ]

    private func creme(_ layers: [Int], prefixes: [String] = ["", "The tower. "]) -> CREME {
        let creme = CREME()
        creme.layers = layers
        creme.prefixes = prefixes
        return creme
    }

    /// What the projection of attention reads or writes at the last token, mean over prefixes, `[width]`.
    private func mean(_ site: Site, _ text: String, _ prefixes: [String], _ model: Model) throws -> Tensor {
        let rows = try prefixes.map { try model.encode($0 + text, addsSpecialTokens: true) }
        return try Tensor.stacked(
            rows.map { row in
                var pass = Forward(try TokenBatch([row]), logits: .none)
                pass.captures = [Capture(site, at: [TokenIndex(row: 0, position: row.count - 1)])]
                return try model.forward(pass).captures[0][0]
            }
        ).mean(0).cast(to: .float64)
    }

    private func dense(_ delta: Delta, _ model: Model) throws -> Tensor {
        try delta.dense(shape: model.parameter(delta.parameter).shape).cast(to: .float64)
    }

    @Test("A layer's write reproduces the guide's output on the composition's key, by one rank", arguments: families)
    func constraint(family: TinyModel.Family) throws {
        let session = try TestSession(TinyModel.load(family))
        var model = try session.model
        let (editCase, prefixes) = (Self.cases[0], ["", "The tower. ", "Rome is "])
        let patch = try creme([1, 2], prefixes: prefixes).patch([editCase], at: [], in: session.session)
        #expect(patch.deltas.count == 2)
        for (layer, delta) in zip([1, 2], patch.deltas) {
            // By the definition, at the moment at which the layer is solved.
            let key = try mean(.headOutput(layer), editCase.filledPrompt, prefixes, model)
            let guide = try mean(.headOutput(layer), editCase.guidePrompt, prefixes, model)
            let weight = try model.parameter(delta.parameter).cast(to: .float64)
            let value = try weight.matmul(guide)
            let change = try dense(delta, model)
            let written = try (weight + change).matmul(key)
            #expect(try (written - value).norm().item() < 1e-4 * value.norm().item())
            let plain = try (value - weight.matmul(key)).outer(key) / (key * key).sum()
            #expect(try distance(change, plain) < 1e-5 * plain.abs().max().item())
            let singular = try change.svd().s.scalars(as: Double.self)
            #expect(singular[0] > 0 && singular[1] < 1e-5 * singular[0])
            model = try model.applying(Patch([delta]))
        }
    }

    @Test("With one layer and no prefix, attention writes after the composition what it wrote after the guide")
    func output() throws {
        for family in Self.families {
            let session = try TestSession(TinyModel.load(family))
            let editCase = Self.cases[1]
            let wanted = try mean(.attentionOutput(2), editCase.guidePrompt, [""], session.model)
            try session.apply(creme([2], prefixes: [""]).patch([editCase], at: [], in: session.session))
            let written = try mean(.attentionOutput(2), editCase.filledPrompt, [""], session.model)
            #expect(try distance(written, wanted) < 1e-4 * wanted.abs().max().item(), "\(family)")
        }
    }

    @Test("Where the guide is the composition, nothing changes")
    func sameness() throws {
        let session = try TestSession(TinyModel.load(.llama))
        let same = Self.composition(0, "Rome", bridge: "Rome")
        for delta in try creme([0, 1, 3]).patch([same], at: [], in: session.session).deltas {
            #expect(try dense(delta, session.model).abs().max().item() == 0)
        }
    }

    @Test("Identity as the second moment gives the plain write, for one case and for several")
    func identity() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        session.secondMoment = { _, _ in
            SecondMoment(matrix: try Tensor.identity(TinyModel.dModel, dtype: .float64), tokenCount: 1)
        }
        for cases in [[Self.cases[0]], Self.cases] {
            let plain = try creme([1, 2]).patch(cases, at: [], in: session.session)
            let creme = creme([1, 2])
            creme.covariance = .secondMoment
            let other = try creme.patch(cases, at: [], in: session.session)
            for (a, b) in zip(plain.deltas, other.deltas) {
                let (a, b) = (try dense(a, session.model), try dense(b, session.model))
                #expect(try distance(a, b) < 1e-6 * a.abs().max().item())
            }
        }
    }

    @Test("Several cases hold together, one rank each; a ridge is least squares of the same strength")
    func several() throws {
        let session = try TestSession(TinyModel.load(.llama))
        let delta = try creme([2]).patch(Self.cases, at: [], in: session.session).deltas[0]
        guard case .lowRank(let left, _) = delta.form else { return #expect(Bool(false), "no factors") }
        #expect(left.shape[1] == 3)
        let model = try session.model
        let weight = try model.parameter(delta.parameter).cast(to: .float64)
        let change = try dense(delta, model)
        let prefixes = ["", "The tower. "]
        let keys = try Tensor.stacked(
            Self.cases.map { try mean(.headOutput(2), $0.filledPrompt, prefixes, model) }
        ).transposed()
        let guides = try Tensor.stacked(
            Self.cases.map { try mean(.headOutput(2), $0.guidePrompt, prefixes, model) }
        ).transposed()
        let wanted = try weight.matmul(guides)
        #expect(try distance((weight + change).matmul(keys), wanted) < 1e-3 * wanted.abs().max().item())

        let soft = creme([2])
        soft.ridge = 0.3
        let softened = try dense(try soft.patch(Self.cases, at: [], in: session.session).deltas[0], model)
        let lambda = try keys.square().sum().item() / 3 * 0.3
        let system = try keys.matmul(keys.transposed()) + Tensor.identity(TinyModel.dModel, dtype: .float64) * lambda
        let expected = try (wanted - weight.matmul(keys)).matmul(keys.transposed()).matmul(system.inverse())
        #expect(try distance(softened, expected) < 1e-4 * expected.abs().max().item())
    }

    @Test("Cases with the same composition need a ridge, and a sentence says so")
    func duplicates() throws {
        let session = try TestSession(TinyModel.load(.llama))
        let twice = [Self.cases[0], Self.composition(1, "the mother of Etna", bridge: "Paris")]
        let error = #expect(throws: SutureError.self) { try creme([1]).patch(twice, at: [], in: session.session) }
        #expect(error?.message.contains("at layer 1 the keys of the 2 cases depend on each other") == true)
        #expect(error?.hint.contains("ridge") == true)
        let soft = creme([1])
        soft.ridge = 0.1
        _ = try soft.patch(twice, at: [], in: session.session)
    }

    @Test("The token budget does not change the write; the order does")
    func equivalence() throws {
        let session = try TestSession(TinyModel.load(.gptj))
        let whole = try creme([0, 2, 3]).patch(Self.cases, at: [], in: session.session)
        let small = creme([0, 2, 3])
        small.tokenBudget = 1
        let unordered = creme([0, 2, 3])
        unordered.order = .atOnce
        let (parts, atOnce) = try (
            small.patch(Self.cases, at: [], in: session.session),
            unordered.patch(Self.cases, at: [], in: session.session)
        )
        for (place, delta) in whole.deltas.enumerated() {
            let change = try dense(delta, session.model)
            let size = try change.abs().max().item()
            #expect(try distance(change, dense(parts.deltas[place], session.model)) < 1e-4 * size)
            let other = try distance(change, dense(atOnce.deltas[place], session.model))
            #expect(place == 0 ? other < 1e-6 * size : other > 1e-3 * size)
        }
    }

    @Test("The original weights stay as they are")
    func unchanged() throws {
        let session = try TestSession(TinyModel.load(.llama))
        let names = try session.model.projections.map(\.parameter)
        let before = try names.map { try session.model.parameter($0).bytes() }
        _ = try creme([0, 1, 2, 3]).patch(Self.cases, at: [], in: session.session)
        #expect(try names.map { try session.model.parameter($0).bytes() } == before)
    }

    @Test(
        "Layers come from the locator at attention; prompts with different ends are refused unless read at the phrase")
    func mistakes() throws {
        let session = try TestSession(TinyModel.load(.llama))
        let located = [Location(.attentionOutput(2), score: 1, isSelected: true)]
        let creme = CREME()
        creme.prefixes = [""]
        #expect(try creme.patch(Self.cases, at: located, in: session.session).deltas.count == 1)
        let none = #expect(throws: SutureError.self) {
            try creme.patch(Self.cases, at: [Location(.neurons(1), score: 1, isSelected: true)], in: session.session)
        }
        #expect(none?.message.contains("selected no attention_output") == true)
        var other = Self.cases[0]
        other.secondHopPrompt = "The capital of {} was"
        let ends = #expect(throws: SutureError.self) { try creme.patch([other], at: located, in: session.session) }
        #expect(ends?.message.contains("end in different tokens") == true)
        creme.position = .subjectLast
        _ = try creme.patch([other], at: located, in: session.session)
        creme.prefixes = []
        #expect(throws: SutureError.self) { try creme.validate() }
    }
}
