// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import Locators
@testable import STAR

/// What a plain implementation made of a tiny model; see Golden/STAR/make_golden.py.
private struct Golden {
    let session: TestSession
    let cases: [EditCase]
    private let tensors: SafetensorsFile

    private struct Record: Decodable {
        var prompt: String
        var answer: String
        var prompt_ids: [Int]
        var answer_ids: [Int]
    }

    init(_ family: String) throws {
        try TestHost.install()
        let folder = try GoldenFile.url(
            "Tests/MethodTests/Golden/STAR/\(family)", madeBy: "Tests/MethodTests/Golden/STAR/make_golden.py")
        session = TestSession(try LanguageModel(folder: folder))
        tensors = try SafetensorsFile(opening: folder.appending(path: "golden.safetensors"))
        let records = try JSONDecoder().decode(
            [Record].self, from: Data(contentsOf: folder.appending(path: "cases.json")))
        cases = records.enumerated().map { i, record in
            EditCase(index: i, id: "\(i)", prompt: record.prompt, answer: record.answer)
        }
        for (editCase, record) in zip(cases, records) {
            let answer = try ReferenceAnswer(editCase, limit: nil, session.model)
            #expect(answer.prompt == record.prompt_ids && answer.answer == record.answer_ids)
        }
    }

    func tensor(_ name: String) throws -> Tensor {
        let entry = try tensors.entry(name)
        return try tensors.withBytes(of: name) {
            try Tensor(bytes: $0, shape: entry.shape, dtype: .float32)
        }
    }

    /// The largest difference of a patch from the golden changes, as a share of the largest change. A step's sign is
    /// that of a gradient; where it is 0 but for rounding, an element may go astray: the worst 0.2 % are left out.
    func distance(_ patch: Patch, _ run: String) throws -> Double {
        let model = try session.model
        let changes = Dictionary(uniqueKeysWithValues: patch.deltas.map { ($0.parameter, $0) })
        var worst = 0.0
        for layer in 0..<model.info.layerCount {
            let expected = try tensor("\(run).\(layer)")
            let none = try Tensor.zeros(expected.shape)
            let name = try model.weightName(reading: .neurons(layer))
            let change = try changes[name]?.dense(shape: expected.shape) ?? none
            let differences = try (change - expected).abs().reshaped(-1).sorted(descending: true).values
            let size = try expected.abs().max().item()
            let difference = try differences[expected.count / 500].item()
            worst = max(worst, size > 0 ? difference / size : difference)
        }
        return worst
    }
}

@Suite("STAR, MINT and SGD against a plain implementation")
struct STARGoldenTests {
    private static let tolerance = 1e-3

    @Test("STAR repairs token by token as the plain implementation does", arguments: ["gpt2", "llama"])
    func iterative(family: String) throws {
        let golden = try Golden(family)
        let patch = try STAR().patch(golden.cases, at: [], in: golden.session.session)
        #expect(try golden.distance(patch, "iterative") < STARGoldenTests.tolerance)
    }

    @Test(
        "Wrong tokens that are read once are repaired as the plain implementation does", arguments: ["gpt2", "llama"])
    func once(family: String) throws {
        let golden = try Golden(family)
        let star = STAR()
        star.repair.wrongTokens = .once
        let steps = try star.patch(golden.cases, at: [], in: golden.session.session)
        #expect(try golden.distance(steps, "iterative_once") < STARGoldenTests.tolerance)
        // A token that has become right is repaired all the same.
        #expect(try golden.distance(steps, "iterative") > 0.01)
        let sgd = SGD()
        sgd.repair.wrongTokens = .once
        let descent = try sgd.patch(golden.cases, at: [], in: golden.session.session)
        #expect(try golden.distance(descent, "sgd_once") < STARGoldenTests.tolerance)
    }

    @Test("STAR solves with the neurons of the answer's own tokens on request", arguments: ["gpt2", "llama"])
    func answerKeys(family: String) throws {
        let golden = try Golden(family)
        let star = STAR()
        star.mode = .joint
        star.keys = .answer
        let patch = try star.patch(golden.cases, at: [], in: golden.session.session)
        #expect(try golden.distance(patch, "joint_answer") < STARGoldenTests.tolerance)
    }

    @Test("STAR repairs jointly as the plain implementation does", arguments: ["gpt2", "llama"], [true, false])
    func joint(family: String, keepsRightTokens: Bool) throws {
        let golden = try Golden(family)
        let star = STAR()
        star.mode = .joint
        star.keepsRightTokens = keepsRightTokens
        let patch = try star.patch(golden.cases, at: [], in: golden.session.session)
        #expect(try golden.distance(patch, keepsRightTokens ? "joint" : "failing") < STARGoldenTests.tolerance)
    }

    @Test("STAR writes chosen neurons as the plain implementation does", arguments: ["gpt2", "llama"])
    func subset(family: String) throws {
        let golden = try Golden(family)
        let locations = [(1, 31), (1, 0), (1, 5), (1, 7), (2, 3), (2, 40)].map {
            Location(.neurons($0), unit: $1, score: 1, isSelected: true)
        }
        let patch = try STAR().patch(golden.cases, at: locations, in: golden.session.session)
        #expect(try golden.distance(patch, "subset") < STARGoldenTests.tolerance)
    }

    @Test("SGD descends as the plain implementation does", arguments: ["gpt2", "llama"], SGD.Form.allCases)
    func descent(family: String, form: SGD.Form) throws {
        let golden = try Golden(family)
        let sgd = SGD()
        sgd.form = form
        let patch = try sgd.patch(golden.cases, at: [], in: golden.session.session)
        #expect(try golden.distance(patch, form == .token ? "sgd" : "finetune") < STARGoldenTests.tolerance)
    }

    @Test(
        "MINT patches the neurons that the plain implementation patches", arguments: ["gpt2", "llama"],
        ["mint", "mint_score", "mint_orthogonal"])
    func mint(family: String, run: String) throws {
        let golden = try Golden(family)
        let attribution = NeuronAttribution()
        attribution.count = 10
        // Of three layers these are the upper half.
        if run == "mint" { attribution.isUpperHalf = true } else { attribution.upperLayers = 2 }
        golden.session.components["locator"] = attribution
        let mint = MINT()
        mint.alpha = 3
        mint.rerank = run == "mint_score" ? .score : .gain
        mint.isOrthogonal = run == "mint_orthogonal"
        mint.repair.locator = ComponentReference(slot: "locator")
        let patch = try mint.patch(golden.cases, at: [], in: golden.session.session)
        #expect(try golden.distance(patch, run) < STARGoldenTests.tolerance)
    }

    @Test("Settings that contradict each other are refused")
    func contradictions() {
        let star = STAR()
        star.keys = .answer
        #expect(throws: SutureError.self) { try star.validate() }
        star.mode = .joint
        #expect(throws: Never.self) { try star.validate() }
        star.repair.wrongTokens = .once
        #expect(throws: SutureError.self) { try star.validate() }
        let sgd = SGD()
        sgd.form = .finetune
        sgd.repair.wrongTokens = .once
        #expect(throws: SutureError.self) { try sgd.validate() }
        let attribution = NeuronAttribution()
        attribution.isUpperHalf = true
        attribution.upperLayers = 2
        #expect(throws: SutureError.self) { try attribution.validate() }
    }

    @Test(
        "Layer occlusion measures what the plain implementation measures", arguments: ["gpt2", "llama"],
        MLPBypass.allCases)
    func occlusion(family: String, bypass: MLPBypass) throws {
        let golden = try Golden(family)
        let locator = LayerOcclusion()
        locator.bypass = bypass
        let scores = try locator.locate(golden.cases, in: golden.session.session).map(\.score)
        let expected = try golden.tensor("occlusion.\(bypass.rawValue)").scalars(as: Double.self)
        #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 1e-4 } && scores.count == expected.count)
    }

    @Test("Neuron attribution scores as the plain implementation does", arguments: ["gpt2", "llama"])
    func attribution(family: String) throws {
        let golden = try Golden(family)
        let locator = NeuronAttribution()
        locator.ratio = 1
        for (scope, name) in [(LocationScope.all, "attribution"), (.failure, "attribution.first")] {
            locator.scope = scope
            let found = try locator.locate(golden.cases, in: golden.session.session)
            let expected = try golden.tensor(name)
            let (values, indices) = try expected.reshaped(-1).topK(48)
            let places = try indices.scalars(as: Int.self)
            let first = found.prefix(48)
            #expect(zip(first, try values.scalars(as: Double.self)).allSatisfy { abs($0.score - $1) < 1e-5 })
            #expect(Set(first.map { ($0.site.layer ?? 0) * 48 + ($0.unit ?? 0) }) == Set(places))
        }
    }
}
