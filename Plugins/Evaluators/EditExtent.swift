// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whole cases, without half marks: edited too little, too much, or as it was asked.
///
/// A case is under-edited where the new object is not the first choice in every token, on the prompt or on any
/// paraphrase. It is over-edited where the first choice on any neighbour, or on any probe that stays, is no longer what it was before. It
/// is clean where it is neither. Means over prompts hide how few cases are; these figures do not.
struct EditExtent: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "edit-extent", summary: "How many cases are edited too little, too much, or as it was asked.",
        requires: [.prompt, .targetNew])

    @Parameter(.batchTokens) var tokenBudget = 8192

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        try session.progress("evaluate", 0, of: cases.count)
        let wanted = cases.flatMap { editCase in
            ([editCase.filledPrompt] + editCase.paraphrasePrompts).map { (editCase: editCase, prompt: $0) }
        }
        let requests = try wanted.map {
            try TargetRequest($0.prompt, objects: [$0.editCase.targetNew], joint: $0.editCase.joint, model)
        }
        var under: Set<Int> = []
        for (asked, ratings) in zip(wanted, try model.ratings(of: requests, tokenBudget: tokenBudget))
        where !ratings[0].isFirstChoice {
            under.insert(asked.editCase.index)
        }
        var scores = cases.map { Score("under_edited", under.contains($0.index) ? 1 : 0, caseIndex: $0.index) }
        guard try session.stage != "before" else { return scores }

        let untouched = cases.flatMap(\.untouchedPrompts)
        let before = try session.original.firstChoices(of: untouched, tokenBudget: tokenBudget)
        let after = try model.firstChoices(of: untouched, tokenBudget: tokenBudget)
        var over: Set<Int> = []
        for (prompt, (old, new)) in zip(untouched, zip(before, after)) where old != new {
            over.insert(prompt.editCase.index)
        }
        // Nothing can be said of a case without neighbours.
        for index in Set(untouched.map(\.editCase.index)).sorted() {
            scores.append(Score("over_edited", over.contains(index) ? 1 : 0, caseIndex: index))
            scores.append(Score("clean", under.contains(index) || over.contains(index) ? 0 : 1, caseIndex: index))
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        let directions = [
            ("under_edited", Metric.Direction.lowerIsBetter), ("over_edited", .lowerIsBetter),
            ("clean", .higherIsBetter),
        ]
        return directions.compactMap { name, direction in
            Metric.mean(
                of: name, in: scores, times: 100, unit: "percent", direction: direction,
                protocol: "whole cases, first choices, teacher-forced")
        }
    }
}
