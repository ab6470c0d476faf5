// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether a repair holds for other wordings, or only for the prompts that it was made on.
///
/// Of the answer's tokens that the unedited model gets wrong, the share that the edited one gets right: after the prompt
/// (`prompt_solved`), after all paraphrases together (`paraphrase_solved`), and the difference of the two (`overfitting`). The
/// right tokens are put in. What the unedited model gets right does not count, and a case without wrong tokens has no figure.
///
/// The protocol of STAR's study of overfitting is not published; this is our reading.
struct Overfitting: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "overfitting", summary: "How many wrong answer tokens an edit repairs on the prompts, and on paraphrases.",
        requires: [.prompt, .answer, .paraphrases])

    @Parameter(.batchTokens) var tokenBudget = 8192

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard try session.stage != "before" else { return [] }
        let model = try session.model
        let prompts = cases.map { [$0.filledPrompt] + $0.paraphrasePrompts }
        try session.progress("evaluate", 0, of: cases.count)
        let rows = try zip(cases, prompts).flatMap { editCase, prompts in
            try prompts.map { try Overfitting.row($0, editCase, model) }
        }
        let before = try session.original.read(rows, .choices, tokenBudget: tokenBudget)
        let after = try model.read(rows, .choices, tokenBudget: tokenBudget)
        let solved = zip(rows, zip(before, after)).map { row, readings in
            Solved(targets: row.reads.map(\.target), before: readings.0.choices, after: readings.1.choices)
        }
        return zip(cases, solved.slices(ofCounts: prompts.map(\.count))).flatMap { editCase, solved in
            let prompt = solved.prefix(1).reduce(Solved(), +).share
            let paraphrase = solved.dropFirst().reduce(Solved(), +).share
            let overfitting = prompt.flatMap { prompt in paraphrase.map { prompt - $0 } }
            return [("prompt_solved", prompt), ("paraphrase_solved", paraphrase), ("overfitting", overfitting)]
                .compactMap { name, value in value.map { Score(name, $0, caseIndex: editCase.index) } }
        }
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        [
            ("prompt_solved", Metric.Direction.higherIsBetter), ("paraphrase_solved", .higherIsBetter),
            ("overfitting", .lowerIsBetter),
        ].compactMap { name, direction in
            Metric.mean(
                of: name, in: scores, times: 100, unit: "percent", direction: direction,
                protocol: "tokens that were wrong before, teacher-forced")
        }
    }

    private static func row(_ prompt: String, _ editCase: EditCase, _ model: Model) throws(SutureError) -> ForcedRow {
        let tokens = try model.tokens(of: prompt, followedBy: editCase.answer)
        let row = ForcedRow(prompt: tokens.prompt, target: tokens.following)
        try model.requireRoom(for: row.tokens.count, "a prompt with the answer", ofCase: editCase.id)
        return row
    }

    /// How many tokens were wrong, and how many of them are right.
    private struct Solved {
        var wrong = 0
        var solved = 0

        init() {}

        init(targets: [Int], before: [Int], after: [Int]) {
            for (target, (old, new)) in zip(targets, zip(before, after)) where old != target {
                wrong += 1
                if new == target { solved += 1 }
            }
        }

        static func + (a: Solved, b: Solved) -> Solved {
            var sum = a
            sum.wrong += b.wrong
            sum.solved += b.solved
            return sum
        }

        /// Nil where nothing was wrong.
        var share: Double? { wrong > 0 ? Double(solved) / Double(wrong) : nil }
    }
}
