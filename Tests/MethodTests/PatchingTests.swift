// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Locators

/// Sums in float32 over other batch shapes, relative to a gap of order 1.
private let tolerance = 1e-3

@Suite("Activation patching and its estimate")
struct PatchingTests {
    private func session(_ family: TinyModel.Family = .llama) throws -> TestSession {
        try TestSession(TinyModel.load(family))
    }

    private func locator(_ kinds: [Site.Kind], _ direction: PatchingDirection = .denoising) -> ActivationPatching {
        let locator = ActivationPatching()
        locator.settings.chosenKinds = kinds
        locator.settings.direction = direction
        return locator
    }

    @Test("The stream after the last block at the last token carries everything", arguments: TinyModel.Family.allCases)
    func whole(family: TinyModel.Family) throws {
        let session = try session(family)
        for direction in [PatchingDirection.denoising, .noising] {
            let found = try locator([.residualOut], direction).locate(TwoHopCases.all, in: session.session)
            let last = found.filter { $0.site == .residualOut(TinyModel.layerCount - 1) && $0.role == .last }
            #expect(last.count == 3, "two cases and their mean")
            for cell in last { #expect(abs(cell.score - 1) < tolerance) }
            let others = found.filter {
                $0.site == .residualOut(TinyModel.layerCount - 1) && $0.role == .subjectLast && $0.position != nil
            }
            for cell in others { #expect(abs(cell.score) < tolerance, "no later block reads it") }
        }
    }

    @Test("A cell equals a whole pass with that value in place, heads included")
    func equalsWholePass() throws {
        let session = try session()
        let model = try session.model
        let editCase = TwoHopCases.all[0]
        let found = try locator([.attentionOutput, .headOutput]).locate([editCase], in: session.session)
        let (prompt, answer) = try model.continuation(of: editCase.filledPrompt, by: " " + editCase.targetNew)
        let guide = try model.encode(editCase.guidePrompt, addsSpecialTokens: true)
        let run = try PatchingRun(
            AlignedPrompts(editCase, cutsGuide: false, model), .denoising, .logitDifference, kinds: [.attentionOutput],
            model)
        func metric(_ pass: Forward) throws -> Double {
            try PatchingMetric.logitDifference.values(model.logits(pass), answer: answer, foil: run.foil).item()
        }
        let plain = Forward(try TokenBatch([prompt]), logits: .last)
        let base = try metric(plain)
        let gap = try metric(Forward(TokenBatch([guide]), logits: .last)) - base
        for cell in found where cell.caseIndex == 0 && cell.site.layer == 2 {
            let position = try #require(cell.position)
            var source = Forward(try TokenBatch([guide]), logits: .none)
            source.captures = [
                Capture(cell.site, at: [TokenIndex(row: 0, position: position - prompt.count + guide.count)])
            ]
            let value = try model.forward(source).captures[0]
            let width = TinyModel.dModel / 2
            let units = cell.unit.map { Array($0 * width..<($0 + 1) * width) }
            var pass = plain
            pass.interventions = [
                Intervention(
                    cell.site, at: [TokenIndex(row: 0, position: position)], units: units.map { IntegerVector($0) },
                    .replace(value))
            ]
            #expect(abs(cell.score - (try metric(pass) - base) / gap) < tolerance, "\(cell.site) \(position)")
        }
    }

    @Test("The estimate is the derivative of the effect along the way to the other value")
    func estimate() throws {
        let session = try TestSession(TinyModel.load(.llama, dtype: .float64))
        let model = try session.model
        let estimating = AttributionPatching()
        estimating.settings.chosenKinds = [.headOutput, .mlpOutput]
        let found = try estimating.locate([TwoHopCases.all[0]], in: session.session)
        let run = try PatchingRun(
            AlignedPrompts(TwoHopCases.all[0], cutsGuide: false, model), .denoising, .logitDifference, kinds: [], model)
        func values(_ site: Site, _ tokens: [Int], _ position: Int) throws -> Tensor {
            var pass = Forward(try TokenBatch([tokens]), logits: .none)
            pass.captures = [Capture(site, at: [TokenIndex(row: 0, position: position)])]
            return try model.forward(pass).captures[0]
        }
        func metric(_ pass: Forward) throws -> Double {
            try PatchingMetric.logitDifference.values(model.logits(pass), answer: run.answer, foil: run.foil).item()
        }
        let step = 1e-5
        for cell in found where cell.caseIndex != nil && cell.site.layer == 1 {
            let position = try #require(cell.position)
            let aligned = try #require(run.inSource(position))
            let way = try values(cell.site, run.source.tokens, aligned) - values(cell.site, run.target.tokens, position)
            var pass = Forward(try TokenBatch([run.target.tokens]), logits: .last)
            let place = PatchedPlace(site: cell.site, position: position, head: cell.unit)
            pass.interventions = [
                Intervention(
                    cell.site, at: [TokenIndex(row: 0, position: position)], units: run.units(place),
                    .add(try way * step))
            ]
            let slope = (try metric(pass) - run.unpatched) / step / run.gap
            #expect(abs(cell.score - slope) < 1e-3 * max(1, abs(slope)), "\(cell.site) \(position)")
        }
    }

    @Test("The strongest estimates are measured where verify asks for it")
    func verified() throws {
        let exact = [(estimate: 1.0, effect: 2.0), (2, 4), (3, 6)]
        #expect(abs(try #require(AttributionPatching.correlation(exact)) - 1) < 1e-12)
        #expect(AttributionPatching.correlation([]) == nil)
        let session = try session()
        let locator = AttributionPatching()
        let plain = try locator.locate(TwoHopCases.all, in: session.session)
        locator.verified = 4
        #expect(try locator.locate(TwoHopCases.all, in: session.session) == plain)
    }

    @Test("The token budget does not change a map, and every metric gives one")
    func budget() throws {
        let session = try session(.gpt2)
        for metric in [PatchingMetric.logitDifference, .probability, .logProbability] {
            let whole = locator([.mlpOutput])
            whole.settings.metric = metric
            whole.settings.leastGap = 1e-9
            let small = locator([.mlpOutput])
            small.settings.metric = metric
            small.settings.leastGap = 1e-9
            small.settings.tokenBudget = 1
            let (a, b) = try (
                whole.locate(TwoHopCases.all, in: session.session), small.locate(TwoHopCases.all, in: session.session)
            )
            #expect(a.contains { $0.score != 0 })
            #expect(TwoHopCases.spread(a, b) < tolerance)
        }
    }

    @Test("Prompts that do not differ, and a site that the architecture lacks, are sentences")
    func mistakes() throws {
        let (llama, gptJ) = (try session(), try session(.gptj))
        var same = TwoHopCases.all[0]
        same.bridge = same.subject
        let equal = #expect(throws: SutureError.self) {
            try locator([.mlpOutput]).locate([same], in: llama.session)
        }
        #expect(equal?.message.contains("in none of the 1 cases do the two prompts differ") == true)
        let absent = #expect(throws: SutureError.self) {
            try locator([.residualMid]).locate(TwoHopCases.all, in: gptJ.session)
        }
        #expect(absent?.message == "activation-patching: this architecture has no site residual_mid")
        let unlisted = locator([.mlpOutput])
        unlisted.settings.selected = 1
        #expect(throws: SutureError.self) { try unlisted.validate() }
    }

    @Test("The strongest layers are selected where the patcher reads them")
    func selection() throws {
        let session = try session()
        let locator = locator([.attentionOutput])
        locator.settings.selected = 2
        let found = try locator.locate(TwoHopCases.all, in: session.session)
        let means = found.filter { $0.caseIndex == nil && $0.role == .last && !$0.isSelected }
        let best = means.sorted { $0.score > $1.score }.prefix(2).compactMap(\.site.layer).sorted()
        #expect(found.selectedLayers(of: .attentionOutput, forCase: 0) == best)
    }
}
