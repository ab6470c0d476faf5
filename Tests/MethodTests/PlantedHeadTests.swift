// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Synchronization
import TestSupport
import Testing

@testable import Locators

@Suite("Finding a planted head")
struct PlantedHeadTests {
    static let layers = [0, 1, 6, 10, 11]

    private func locate(planted: Int, _ change: (PromptExchange) -> Void = { _ in }) throws -> [Location] {
        let session = try TestSession(PlantedHead.load(in: planted))
        let locator = PromptExchange()
        change(locator)
        try locator.validate()
        return try locator.locate(PlantedHead.cases, in: session.session)
    }

    /// The mean effect on the answer's probability over the failing compositions.
    private func effects(_ found: [Location]) -> [Location] {
        found.filter { $0.measure == "\(PromptExchange.onProbability), failures" }
    }

    @Test("The model fails every composition, and answers every guide", arguments: layers)
    func premise(planted: Int) throws {
        let session = try TestSession(PlantedHead.load(in: planted))
        let model = try session.model
        for editCase in PlantedHead.cases {
            let (prompt, answer) = try model.continuation(of: editCase.filledPrompt, by: " " + editCase.targetNew)
            let guide = try model.encode(editCase.guidePrompt)
            func read(_ tokens: [Int]) throws -> WordReading {
                try model.logits(Forward(TokenBatch([tokens]), logits: .last)).readings(of: answer)[0]
            }
            let (wrong, right) = (try read(prompt), try read(guide))
            #expect(wrong.rank > 1 && right.rank == 1)
        }
    }

    @Test(
        "With a window of one layer the effect peaks at the head's layer, at its site and its token", arguments: layers)
    func peak(planted: Int) throws {
        // What leaves a block holds everything below, so it says nothing about a single layer.
        let cells = effects(try locate(planted: planted) { $0.window = 1 }).filter { $0.site.kind != .residualOut }
        try #require(cells.count == 2 * 2 * PlantedHead.layerCount)
        let ranked = cells.sorted { $0.score > $1.score }
        #expect(ranked[0].site == .attentionOutput(planted) && ranked[0].role == .last)
        #expect(ranked[0].score > 0.5, "the answer becomes likely")
        #expect(ranked[1].score < 0.1 * ranked[0].score, "no other place comes near")
    }

    @Test("The published window has the head's layer in it where the effect peaks", arguments: layers)
    func window(planted: Int) throws {
        let cells = effects(try locate(planted: planted)).filter {
            $0.site.kind == .attentionOutput && $0.role == .last
        }
        let peak = try #require(cells.max { $0.score < $1.score })
        let layer = try #require(peak.site.layer)
        #expect(CorruptedRun.window(around: layer, 6, PlantedHead.layerCount).contains(planted))
        #expect(peak.score > 0.5)
    }

    @Test("Where every exchange makes the answer less likely, the log warns that the selected layers mean little")
    func noEffect() throws {
        let heard = Mutex<[String]>([])
        TestHost.listen { message in heard.withLock { $0.append(message) } }
        let session = try TestSession(PlantedHead.load(in: 4))
        let locator = PromptExchange()
        // All layers at once, and the head finds its name in the composition alone.
        locator.window = 2 * PlantedHead.layerCount
        let cases = PlantedHead.cases.map {
            var editCase = $0
            (editCase.subject, editCase.bridge) = ("the tower in Rome", "Etna")
            return editCase
        }
        _ = try locator.locate(cases, in: session.session)
        #expect(heard.withLock { $0.contains { $0.contains("so the selected layers mean little") } })
    }

    @Test("The selected band holds the head's layer, and is a part of the model", arguments: layers)
    func band(planted: Int) throws {
        for width in [1, 6] {
            let selected = try locate(planted: planted) { $0.window = width }.filter(\.isSelected)
            let band = selected.compactMap(\.site.layer)
            try #require(!band.isEmpty)
            #expect(selected.allSatisfy { $0.site.kind == .attentionOutput && $0.role == .last })
            #expect(band.contains(planted) && (5...9).contains(band.count))
            #expect(band == Array(band[0]..<band[0] + band.count))
        }
    }
}
