// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Locators

@Suite("Locating layers and neurons by wanted tokens")
struct NeuronLocatorTests {
    let session: TestSession
    let cases = [
        EditCase(index: 3, id: "a", prompt: "The capital of", answer: " Rome is"),
        EditCase(index: 5, id: "b", prompt: "{} lies in", subject: "Mount Etna", targetNew: "the tower"),
    ]

    init() throws { session = TestSession(try TinyModel.load()) }

    @Test(
        "Amounts are rounded down, but one layer is always left",
        arguments: [(6, [6, 4, 3, 1, 1]), (2, [2, 1, 1, 1, 1])])
    func amounts(layers: Int, counts: [Int]) {
        #expect(LayerOcclusion.Amount.allCases.map { $0.count(of: layers) } == counts)
    }

    @Test("The layers of largest loss are selected, for all cases, each case or each failing token")
    func layerSelection() throws {
        let locator = LayerOcclusion()
        locator.amount = .half
        let wanted = try WantedTokens.find(cases, tokenBudget: 8192, session.model)
        let failures = wanted.map(\.reads.count)
        for (scope, groups) in [(LocationScope.all, 1), (.case, 2), (.failure, failures.reduce(0, +))] {
            locator.scope = scope
            let locations = try locator.locate(cases, in: session.session)
            #expect(locations.count == groups * TinyModel.layerCount)
            for start in stride(from: 0, to: locations.count, by: TinyModel.layerCount) {
                let group = locations[start..<start + TinyModel.layerCount]
                let least = group.filter(\.isSelected).map(\.score).min() ?? 0
                #expect(group.count(where: \.isSelected) == 2)
                #expect(group.filter { !$0.isSelected }.allSatisfy { $0.score <= least })
            }
            if scope == .failure { #expect(locations.first?.position == wanted[0].reads[0].position) }
        }
    }

    @Test("Patterns spend the same budget: anywhere, evenly, or in the most critical layer")
    func patterns() throws {
        let locator = NeuronAttribution()
        locator.ratio = 1.0 / 4
        locator.scope = .all
        let occlusion = LayerOcclusion()
        occlusion.amount = .one
        let best = try occlusion.locate(cases, in: session.session).first(where: \.isSelected)
        let critical = try #require(best?.site.layer)
        for pattern in NeuronAttribution.Pattern.allCases {
            locator.pattern = pattern
            let locations = try locator.locate(cases, in: session.session)
            #expect(locations.count == 16 && locations.allSatisfy { $0.isSelected && $0.score > 0 && $0.unit != nil })
            let layers = Dictionary(grouping: locations) { $0.site.layer ?? 0 }.mapValues(\.count)
            switch pattern {
            case .global: #expect(Set(locations.map(\.site)).count > 1)
            case .even: #expect(layers == [0: 4, 1: 4, 2: 4, 3: 4])
            case .layerWise: #expect(layers == [critical: 16])
            }
        }
    }

    @Test("The best neurons of the upper half are the candidates of MINT")
    func upperHalf() throws {
        let locator = NeuronAttribution()
        locator.count = 10
        locator.isUpperHalf = true
        let locations = try locator.locate([cases[0]], in: session.session)
        let wanted = try WantedTokens.find([cases[0]], tokenBudget: 8192, session.model)
        #expect(locations.count == 10 * wanted[0].reads.count)
        #expect(locations.allSatisfy { ($0.site.layer ?? 0) >= TinyModel.layerCount / 2 })
    }

    @Test("Ties at 0 select nothing")
    func ties() throws {
        let map = try Tensor([0, 0, 3, 0, 0, 0, 1, 0] as [Float], shape: [2, 4])
        let locator = NeuronAttribution()
        locator.ratio = 1
        let best = try locator.select(map, .global, among: [0, 1], critical: [])
        #expect(best.map(\.layer) == [0, 1] && best.map(\.unit) == [2, 2])
    }

    @Test("Measures do not depend on the token budget", arguments: NeuronAttribution.Measure.allCases)
    func batching(measure: NeuronAttribution.Measure) throws {
        func locate(_ budget: Int) throws -> [Location] {
            let locator = NeuronAttribution()
            locator.measure = measure
            locator.count = 8
            locator.tokenBudget = budget
            return try locator.locate(cases, in: session.session)
        }
        let (whole, single) = (try locate(8192), try locate(1))
        #expect(whole.map(\.site) == single.map(\.site) && whole.map(\.unit) == single.map(\.unit))
        #expect(zip(whole, single).allSatisfy { abs($0.score - $1.score) < 1e-5 })
    }

    @Test("A case that is right is measured at all its tokens, but not beside cases that fail")
    func rightCases() throws {
        let model = try session.model
        var right = EditCase(index: 9, id: "c", prompt: "The capital of")
        let prompt = try model.encode(right.prompt)
        right.answer = try model.decode(model.generate([prompt], Model.Generation(maxNewTokens: 1))[0])
        let locator = LayerOcclusion()
        let alone = try locator.locate([right], in: session.session).map(\.score)
        #expect(alone.count == TinyModel.layerCount)
        let together = try locator.locate([cases[0], right], in: session.session).map(\.score)
        let first = try locator.locate([cases[0]], in: session.session).map(\.score)
        #expect(zip(together, first).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test("A case without wanted tokens is refused")
    func nothingWanted() throws {
        #expect(
            throws: SutureError(
                .invalidArgument, "case z has no wanted tokens after its prompt",
                hint: "use a data set with an answer or a target_new")
        ) {
            try LayerOcclusion().locate([EditCase(index: 0, id: "z", prompt: "The")], in: session.session)
        }
    }
}
