// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether the model says of neighbours what it said before the edit, right or wrong.
///
/// `unchanged` asks that the first choice is the same in the place of every token of the true answer (the specificity of
/// Baghel et al. 2025), `unchanged_tokens` is the share of places where it is (the locality of EasyEdit). The right
/// tokens are put in. Unlike `neighborhood_accuracy` of `counterfact`, this does not punish a model for what it never
/// knew; it rewards one that was wrong and stays so.
struct Unchanged: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "unchanged", summary: "Whether first choices on neighbours are what they were before the edit.",
        requires: .prompt)

    @Parameter(.batchTokens) var tokenBudget = 8192

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard try session.stage != "before" else { return [] }
        let prompts = cases.flatMap(\.untouchedPrompts)
        guard !prompts.isEmpty else { return [] }
        try session.progress("evaluate", 0, of: prompts.count)
        let before = try session.original.firstChoices(of: prompts, tokenBudget: tokenBudget)
        let after = try session.model.firstChoices(of: prompts, tokenBudget: tokenBudget)
        var groups = PromptGroups()
        for (prompt, (old, new)) in zip(prompts, zip(before, after)) {
            let same = zip(old, new).count { $0 == $1 }
            groups.add("\(prompt.group)_unchanged", same == old.count ? 1 : 0, of: prompt.editCase)
            groups.add("\(prompt.group)_unchanged_tokens", Double(same) / Double(old.count), of: prompt.editCase)
        }
        return groups.scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        scores.distinctNames.compactMap {
            Metric.mean(
                of: $0, in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
                protocol: "first choice before and after, teacher-forced")
        }
    }
}

/// Means over the prompts of a case that share a name, in the order in which they come.
struct PromptGroups {
    private var names: [(name: String, caseIndex: Int)] = []
    private var places: [String: Int] = [:]
    private var values: [[Double]] = []

    mutating func add(_ name: String, _ value: Double, of editCase: EditCase) {
        let key = "\(editCase.index) \(name)"
        guard let place = places[key] else {
            places[key] = values.count
            names.append((name, editCase.index))
            values.append([value])
            return
        }
        values[place].append(value)
    }

    var scores: [Score] {
        zip(names, values).map { Score($0.name, $1.mean() ?? 0, caseIndex: $0.caseIndex) }
    }
}

extension [Score] {
    /// The names of the scores, each once, in their order.
    var distinctNames: [String] {
        var seen: Set<String> = []
        return map(\.name).filter { seen.insert($0).inserted }
    }
}
