// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Scores of each case and set: the mean over the set's prompts, with their number as weight.
struct CompositionScores {
    private let queries: [CompositionQuery]
    private(set) var all: [Score] = []

    init(_ queries: [CompositionQuery]) { self.queries = queries }

    /// The published scores.
    ///
    /// - Parameters:
    ///   - before: of the unedited model, one for each query; nil where there is nothing to compare with.
    ///   - after: of the model that is measured.
    mutating func add(before: [AnswerProbability]?, after: [AnswerProbability]) {
        add("probability", after.map(\.answer))
        add("event", after.map { pair in pair.rival.map { pair.answer > $0 ? 1 : 0 } }, in: [.correction, .paraphrase])
        guard let before else { return }
        add("change", zip(before, after).map { Composition.change(from: $0.answer, to: $1.answer) })
        add("improved", zip(before, after).map { $1.answer > $0.answer ? 1 : 0 })
        let leaks = zip(before, after).map { before, after in
            before.rival.flatMap { old in after.rival.map { Composition.change(from: old, to: $0) } }
        }
        add("leak", leaks, in: [.specificity])
    }

    /// - Parameter values: one for each query; nil where it has none.
    mutating func add(
        _ name: String, _ values: [Double?], in sets: [CompositionSet] = CompositionSet.allCases
    ) {
        var start = 0
        while start < queries.count {
            // The queries of a case and set are together.
            let first = queries[start]
            let end =
                queries[start...].firstIndex { $0.caseIndex != first.caseIndex || $0.set != first.set } ?? queries.count
            let own = values[start..<end].compactMap(\.self)
            if sets.contains(first.set), let mean = own.mean() {
                all.append(
                    Score("\(first.set.rawValue)_\(name)", mean, caseIndex: first.caseIndex, weight: Double(own.count)))
            }
            start = end
        }
    }
}
