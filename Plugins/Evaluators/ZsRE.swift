// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The metrics of zsRE (De Cao et al. 2021, Mitchell et al. 2022) as the MEMIT code computes them.
///
/// Each token of the answer is judged by itself, after the prompt and the right tokens before it: is it the model's
/// first choice? A case's score is the share over all tokens of its prompts of a kind; a metric the mean over cases,
/// in percent. Neighbours are judged by their own answers, not by what the model said before the edit.
///
/// One departure: the authors decode the right tokens and encode them again, which goes wrong inside a character of
/// several bytes; here the tokens themselves are put in.
struct ZsRE: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "zsre", summary: "Efficacy, paraphrase and neighbourhood by the share of right tokens.",
        requires: [.prompt, .subject, .targetNew])

    @Parameter(.batchTokens) var tokenBudget = 8192

    private static let groups = ["efficacy", "paraphrase", "neighborhood"]
    private static let protocolName = "teacher-forced tokens"

    /// The prompts of each group with their objects.
    private func questions(_ editCase: EditCase) -> [[(prompt: String, object: String)]] {
        [
            [(editCase.filledPrompt, editCase.targetNew)],
            editCase.paraphrasePrompts.map { ($0, editCase.targetNew) },
            editCase.neighborSamples.map { ($0.filledPrompt, $0.target) },
        ]
    }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        try session.progress("evaluate", 0, of: cases.count)
        let requests = try cases.flatMap { editCase in
            try questions(editCase).joined().map {
                try TargetRequest($0.prompt, objects: [$0.object], joint: editCase.joint, model)
            }
        }
        var ratings = try model.ratings(of: requests, tokenBudget: tokenBudget)[...]
        try session.progress("evaluate", cases.count, of: cases.count)

        var scores: [Score] = []
        for editCase in cases {
            for (group, questions) in zip(ZsRE.groups, questions(editCase)) where !questions.isEmpty {
                let answers = ratings.prefix(questions.count).map { $0[0] }
                ratings = ratings.dropFirst(questions.count)
                let tokens = answers.reduce(0) { $0 + $1.choices.count }
                let hits = answers.reduce(0) { $0 + $1.hits }
                scores.append(
                    Score("\(group)_accuracy", Double(hits) / Double(tokens), caseIndex: editCase.index))
            }
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        var metrics = ZsRE.groups.compactMap { group in
            Metric.mean(
                of: "\(group)_accuracy", in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
                protocol: ZsRE.protocolName)
        }
        if metrics.count == ZsRE.groups.count {
            metrics.append(
                Metric(
                    "score", metrics.map(\.value).harmonicMean(), unit: "percent",
                    n: metrics.map(\.n).min() ?? 0, direction: .higherIsBetter, protocol: ZsRE.protocolName))
        }
        return metrics
    }
}
