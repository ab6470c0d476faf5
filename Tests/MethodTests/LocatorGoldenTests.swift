// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import Locators

@Suite("The logit lens and exchanged values equal a plain transformers script")
struct LocatorGoldenTests {
    /// What the script wrote for one composition.
    struct Record: Decodable {
        var prompt, description, hop2, bridge, answer: String
        /// By layer, from the embedding on, without and with the final norm.
        var lens, lens_norm: [Double]
        /// By kind and position, by layer.
        var effects: [String: [Double]]

        func editCase(_ index: Int) -> EditCase {
            EditCase(
                index: index, id: "\(index)", prompt: prompt.replacing(description, with: "{}"), subject: description,
                targetNew: answer, bridge: bridge, secondHopPrompt: hop2.replacing(bridge, with: "{}"))
        }
    }

    /// float32 over other batch shapes.
    private static let tolerance = 1e-5

    @Test("Within 1e-5, on a GPT-2 and a Llama", arguments: ["gpt2", "llama"])
    func tiny(family: String) throws {
        let url = try GoldenFile.url(
            "Tests/MethodTests/Golden/Locators/composition.json",
            madeBy: "Tests/MethodTests/Golden/Locators/make_golden.py")
        let records = try JSONDecoder().decode([String: [Record]].self, from: Data(contentsOf: url))
        let folder = Repository.root.appending(path: "Tests/MethodTests/Golden/STAR/\(family)")
        let spread = try spread(try #require(records[family]), folder)
        #expect(spread.lens < Self.tolerance)
        #expect(spread.effects < Self.tolerance)
    }

    @Test(
        "Within 1e-5 on a real model, where SUTURE_COMPOSITIONS names what the script wrote and SUTURE_MODEL the model",
        .enabled(if: ProcessInfo.processInfo.environment["SUTURE_COMPOSITIONS"] != nil))
    func real() throws {
        let environment = ProcessInfo.processInfo.environment
        let url = URL(fileURLWithPath: try #require(environment["SUTURE_COMPOSITIONS"]))
        let records = try JSONDecoder().decode([Record].self, from: Data(contentsOf: url))
        let spread = try spread(records, URL(fileURLWithPath: try #require(environment["SUTURE_MODEL"])))
        print("largest differences: lens \(spread.lens), effects \(spread.effects)")
        #expect(spread.lens < Self.tolerance)
        #expect(spread.effects < Self.tolerance)
    }

    /// The largest differences of the two measurements from the script's.
    private func spread(_ records: [Record], _ folder: URL) throws -> (lens: Double, effects: Double) {
        try TestHost.install()
        let session = TestSession(try LanguageModel(folder: folder, dtype: .float32))
        let cases = records.enumerated().map { $1.editCase($0) }
        var differences = (lens: 0.0, effects: 0.0)
        for isNormed in [false, true] {
            let lens = LogitLens()
            lens.normsStream = isNormed
            let found = try lens.locate(cases, in: session.session)
            for (index, record) in records.enumerated() {
                let cells = found.filter { $0.caseIndex == index && $0.measure == "probability of the answer" }
                let expected = isNormed ? record.lens_norm : record.lens
                try #require(cells.count == expected.count)
                for (cell, value) in zip(cells, expected) {
                    differences.lens = max(differences.lens, abs(cell.score - value))
                }
            }
        }
        let effects = try PromptExchange().locate(cases, in: session.session)
        for (index, record) in records.enumerated() {
            for kind in PromptExchange.kinds {
                for role in [Location.Role.last, .subjectLast] {
                    let cells = effects.filter {
                        $0.caseIndex == index && $0.site.kind == kind && $0.role == role
                            && $0.measure == PromptExchange.onProbability
                    }
                    let expected = try #require(record.effects["\(kind.name) \(role.name)"])
                    try #require(cells.count == expected.count)
                    for (cell, value) in zip(cells, expected) {
                        differences.effects = max(differences.effects, abs(cell.score - value))
                    }
                }
            }
        }
        return differences
    }
}
