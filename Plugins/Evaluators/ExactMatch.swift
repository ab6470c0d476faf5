// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether a model gives the whole reference answer, under two protocols that are never averaged.
///
/// *forced*: the first choice in every place of the answer, after the right tokens before it; `token_accuracy` is the
/// share of right tokens, `wrong_tokens` their number, `exact_match` asks for all of them. *greedy*: what the model
/// says by itself, compared with white space collapsed. It needs an end: without one, what follows the answer counts.
///
/// Metrics for the prompt, its paraphrases, and neighbours by their own answers, where a data set has them.
struct ExactMatch: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "exact-match", summary: "Whether the whole answer is right, teacher-forced and generated.",
        requires: [.prompt, .answer])

    let settings = AnswerSettings()

    func validate() throws { try settings.continuation.validate() }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let answers = try settings.answers(to: cases, in: session)
        let (outputs, forced) = (settings.outputs, settings.outputs.filter { $0 == .forced })
        return answers.scores("exact_match", outputs) { i, output in
            switch output {
            case .forced: answers[i].rating.map { $0.isFirstChoice ? 1 : 0 }
            case .greedy: answers[i].text(.greedy).map { AnswerText.match($0, answers[i].reference) ? 1 : 0 }
            }
        }
            + answers.scores("token_accuracy", forced) { i, _ in answers[i].rating?.hitRate }
            + answers.scores("wrong_tokens", forced) { i, _ in
                answers[i].rating.map { Double($0.choices.count - $0.hits) }
            }
            + answers.scores("unfinished", outputs.filter { $0 == .greedy }) { i, _ in
                answers[i].continuation.map { $0.isFinished ? 0 : 1 }
            }
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        settings.means("exact_match", in: scores, times: 100, unit: "percent")
            + settings.means("token_accuracy", in: scores, times: 100, unit: "percent")
            + settings.means("wrong_tokens", in: scores, unit: "tokens", direction: .lowerIsBetter)
            + settings.means("unfinished", in: scores, times: 100, unit: "percent", direction: .lowerIsBetter)
    }
}
