// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import Evaluators

/// The folder with the per-case results that CREME's authors published (`creme/results/v0` and `creme/results/irrelevant` of
/// their repository in one folder). The files are not ours to keep, so these tests run only where somebody has them:
///
///     CREME_RESULTS=FOLDER swift test --filter PublishedCompositionTests
private let folder = ProcessInfo.processInfo.environment["CREME_RESULTS"]

@Suite("Published results of CREME", .enabled(if: folder != nil))
struct PublishedCompositionTests {
    private struct Pair: Decodable {
        var target: [Double]
        var wrong: [Double]?
    }

    private struct Probabilities: Decodable {
        var pre: Pair
        var post: Pair

        enum CodingKeys: String, CodingKey {
            case pre = "pre_probs"
            case post = "post_probs"
        }
    }

    /// The figures of one of the files; its records hold the sets under the authors' names.
    private func figures(_ file: String, _ sets: [(CompositionSet, String)]) throws -> [String: Double] {
        let url = URL(fileURLWithPath: try #require(folder)).appending(path: file)
        let records = try #require(JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]])
        var scores: [Score] = []
        for (index, record) in records.enumerated() {
            for (set, key) in sets {
                let data = try JSONSerialization.data(withJSONObject: try #require(record[key]))
                let values = try JSONDecoder().decode(Probabilities.self, from: data)
                let queries = values.pre.target.map { _ in
                    CompositionQuery(set: set, caseIndex: index, prompt: "", answer: "")
                }
                func pairs(_ pair: Pair) -> [AnswerProbability] {
                    pair.target.indices.map { place in
                        AnswerProbability(
                            answer: pair.target[place],
                            rival: pair.wrong.flatMap { wrong in wrong.indices.contains(place) ? wrong[place] : nil })
                    }
                }
                var own = CompositionScores(queries)
                own.add(before: pairs(values.pre), after: pairs(values.post))
                scores += own.all
            }
        }
        return Dictionary(uniqueKeysWithValues: try Composition().summarize(scores).map { ($0.name, $0.value) })
    }

    @Test(
        "Correction, paraphrase and generalization with their medians, and the event, are the published ones",
        arguments: [
            ("llama2.suf.json", [17.03, 3.68, 7.99, 2.51, 1.27, 0.76], [87.5, 53.0]),
            ("openalpaca.suf.json", [43.33, 2.50, 23.71, 3.34, 3.61, 1.01], [95.3, 70.5]),
        ])
    func scores(_ file: String, _ published: [Double], _ events: [Double]) throws {
        let figures = try figures(
            file, [(.correction, "correctness"), (.paraphrase, "paraphrase"), (.generalization, "generalize")])
        let names = ["correction", "paraphrase", "generalization"].flatMap { ["\($0)_change", "\($0)_change_median"] }
        for (name, value) in zip(names, published) {
            #expect(abs(try #require(figures[name]) - value) < 0.006, "\(name)")
        }
        for (name, value) in zip(["correction_event", "paraphrase_event"], events) {
            #expect(abs(try #require(figures[name]) - value) < 0.06, "\(name)")
        }
    }

    @Test(
        "Unrelated prompts keep their answers, and the edit's answer leaks as published",
        arguments: [("llama2.suf.v2.json", 0.0003, 0.87), ("openalpaca.suf.v2.json", 0.012, 1.24)])
    func specificity(_ file: String, _ change: Double, _ leak: Double) throws {
        let figures = try figures(file, [(.specificity, "irrelevant")])
        #expect(abs(try #require(figures["specificity_change"]) - change) < 0.0006)
        #expect(abs(try #require(figures["specificity_leak"]) - leak) < 0.006)
    }
}
