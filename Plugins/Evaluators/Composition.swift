// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether a model combines two facts, and what an edit to that end does to other compositions.
///
/// Two kinds of figures, which are never averaged. The published ones (Li et al. 2024, the evaluation of CREME) compare
/// p(answer), the mean over the answer's tokens of their probability right after the prompt, with that of the unedited model:
/// `…_change` is (after − before) / before, the mean over a case's prompts and then over cases, with the median over cases beside
/// it; `…_improved` the share of prompts whose p(answer) rose; `…_event` the share whose right answer is more likely than what
/// the model said before the edit; `specificity_leak` the change of p(the edit's answer) on unrelated prompts.
///
/// The others mean something by themselves: `…_first_choice` asks that every token of the answer is the model's first choice
/// after the right ones, `…_log_probability` is that of the whole answer, `…_match` asks that what the model says by itself is the
/// answer, up to its end or a punctuation mark, and `…_contained` looks for the answer's words in the whole of it.
///
/// Cost: two passes over the prompts with their answers (one before the edit), and a generation for each.
struct Composition: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "composition",
        summary: "Compositions of two facts: correction, paraphrase, generalization, specificity, and the facts alone.",
        requires: [.prompt, .subject, .answer, .bridge, .firstHop, .secondHop])

    @Parameter("generate", help: "Let the model answer by itself, for match and contained.")
    var generates = true

    let continuation = ContinuationSettings(maxNewTokens: 16, stops: ["\n"])

    func validate() throws { try continuation.validate() }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        let asked = try cases.flatMap { editCase in
            try CompositionQuery.all(of: editCase).map { ($0, try EncodedQuery($0, of: editCase, model)) }
        }
        guard !asked.isEmpty else { return [] }
        let queries = asked.map(\.0)
        var scores = CompositionScores(queries)
        let budget = continuation.tokenBudget
        try session.progress("evaluate", 0, of: queries.count)
        let after = try model.readings(of: asked.map(\.1), tokenBudget: budget)
        let before =
            try session.stage == "before"
            ? nil : try session.original.readings(of: asked.map(\.1), tokenBudget: budget)
        scores.add(before: before?.map(\.probability), after: after.map(\.probability))
        let ratings = after.map(\.rating)
        scores.add("first_choice", ratings.map { $0.isFirstChoice ? 1 : 0 })
        scores.add("log_probability", ratings.map { -$0.totalNegativeLogLikelihood })
        if generates {
            let said = try continuation.continuations(of: queries.map(\.prompt), model, in: session).map(\.text)
            scores.add(
                "match", zip(said, queries).map { AnswerText.isAnswered($0, by: $1.answer) ? 1 : 0 })
            scores.add(
                "contained",
                zip(said, queries).map {
                    AnswerText.contains(AnswerText.normalized($0), AnswerText.normalized($1.answer)) ? 1 : 0
                })
        }
        return scores.all
    }

    /// (after − before) / before; 0 where nothing was there before, as published.
    static func change(from before: Double, to after: Double) -> Double {
        before == 0 ? 0 : (after - before) / before
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        CompositionSet.allCases.flatMap { set in
            CompositionMeasure.all.flatMap { measure in
                measure.metrics(of: set, in: scores, generation: continuation.protocolName)
            }
        }
    }
}
