// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Locators

/// float32 probabilities over other batch shapes.
private let probabilityTolerance = 1e-5

@Suite("Exchanging values between a composition and its guide")
struct PromptExchangeTests {
    let session: TestSession

    init() throws { session = try TestSession(TinyModel.load(.llama)) }

    private func locate(_ cases: [EditCase], tokenBudget: Int = 2048) throws -> [Location] {
        let locator = PromptExchange()
        locator.window = 2
        locator.tokenBudget = tokenBudget
        try locator.validate()
        return try locator.locate(cases, in: session.session)
    }

    @Test("A cell equals a whole pass in which the guide's values are put in place", arguments: PromptExchange.kinds)
    func equalsWholePass(kind: Site.Kind) throws {
        let model = try session.model
        let found = try locate(TwoHopCases.all)
        for editCase in TwoHopCases.all {
            let (prompt, answer) = try model.continuation(of: editCase.filledPrompt, by: " " + editCase.targetNew)
            let guide = try model.encode(editCase.guidePrompt)
            let base = try model.logits(Forward(TokenBatch([prompt]), logits: .last)).readings(of: answer)[0]
            for cell in found where cell.caseIndex == editCase.index && cell.site.kind == kind && !cell.isSelected {
                let (position, layer) = (try #require(cell.position), try #require(cell.site.layer))
                let touched = kind == .residualOut ? layer..<layer + 1 : CorruptedRun.window(around: layer, 2, 4)
                var source = Forward(try TokenBatch([guide]), logits: .none)
                source.captures = touched.map {
                    Capture(
                        Site(kind, layer: $0),
                        at: [TokenIndex(row: 0, position: position - prompt.count + guide.count)])
                }
                let values = try model.forward(source).captures
                var pass = Forward(try TokenBatch([prompt]), logits: .last)
                pass.interventions = zip(touched, values).map {
                    Intervention(Site(kind, layer: $0), at: [TokenIndex(row: 0, position: position)], .replace($1))
                }
                let reading = try model.logits(pass).readings(of: answer)[0]
                let isRank = cell.measure == PromptExchange.onRank
                let expected = isRank ? reading.rank - base.rank : reading.probability - base.probability
                #expect(abs(cell.score - expected) < probabilityTolerance)
            }
        }
    }

    @Test("A prompt that is its own guide changes nothing")
    func itself() throws {
        let same = TwoHopCases.all.map {
            var editCase = $0
            editCase.bridge = $0.subject
            return editCase
        }
        #expect(try locate(same).allSatisfy { abs($0.score) < probabilityTolerance })
    }

    @Test("The last position of the last layer makes the composition answer as its guide does")
    func lastLayer() throws {
        let model = try session.model
        let found = try locate(TwoHopCases.all)
        for editCase in TwoHopCases.all {
            let (prompt, answer) = try model.continuation(of: editCase.filledPrompt, by: " " + editCase.targetNew)
            func probability(_ tokens: [Int]) throws -> Double {
                try model.logits(Forward(TokenBatch([tokens]), logits: .last)).readings(of: answer)[0].probability
            }
            let cell = try #require(
                found.first {
                    $0.caseIndex == editCase.index && $0.site == .residualOut(TinyModel.layerCount - 1)
                        && $0.role == .last
                })
            let effect = try probability(model.encode(editCase.guidePrompt)) - probability(prompt)
            #expect(abs(cell.score - effect) < probabilityTolerance)
        }
    }

    @Test("A map does not depend on how cells are batched, and the model is as it was")
    func batching() throws {
        let before = try session.model.logits(Forward(TokenBatch([[1, 2, 3]])))
        let whole = try locate(TwoHopCases.all)
        #expect(try locate(TwoHopCases.all) == whole)
        func effects(_ found: [Location]) -> [Location] { found.filter { !$0.measure.contains("rank") } }
        let single = try locate(TwoHopCases.all, tokenBudget: 1)
        #expect(TwoHopCases.spread(effects(whole), effects(single)) < probabilityTolerance)
        #expect(try distance(session.model.logits(Forward(TokenBatch([[1, 2, 3]]))), before) == 0)
    }

    @Test("The band grows around the peak while the effect is large enough, within its limits")
    func bands() {
        let locator = PromptExchange()
        (locator.smallest, locator.largest) = (1, 9)
        #expect(locator.band([0, 1, 5, 10, 6, 4, 9]) == 2..<5)
        locator.smallest = 4
        #expect(locator.band([0, 1, 5, 10, 6, 4, 9]) == 2..<6)
        (locator.smallest, locator.largest) = (1, 2)
        #expect(locator.band([0, 1, 5, 10, 6, 4, 9]) == 3..<5)
        (locator.smallest, locator.largest) = (5, 9)
        #expect(locator.band([3, 1, 0]) == 0..<3)
    }

    @Test("A band that no effect speaks for comes with a warning")
    func warning() throws {
        #expect(PromptExchange.warning([-0.1, 0.01, 0]) == nil)
        for effects in [[0.0, 0], [-0.2, -0.1], []] {
            #expect(try #require(PromptExchange.warning(effects)).hasSuffix("so the selected layers mean little"))
        }
    }

    @Test("What cannot be exchanged is one sentence")
    func mistakes() throws {
        var tails = TwoHopCases.all[0]
        tails.secondHopPrompt = "The capital of {} is in"
        #expect(
            throws: SutureError(
                .invalidArgument,
                "case 0: the tokens of \"The capital of The mother of Etna is\" and of \"The capital of Rome is in\" end "
                    + "differently after the subject",
                hint: "let both prompts go on alike after the phrase and after the bridge")
        ) { try locate([tails]) }
        var empty = TwoHopCases.all[0]
        empty.prompt = "The capital is"
        #expect(throws: SutureError.self) { try locate([empty]) }
    }
}
