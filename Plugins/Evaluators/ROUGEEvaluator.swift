// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// ROUGE-L against the reference answer: F1 of the longest common subsequence of words, mean over cases, in percent.
struct ROUGEEvaluator: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "rouge-l", summary: "ROUGE-L of what the model says against the reference answer.",
        requires: [.prompt, .answer])

    let settings = AnswerSettings()

    func validate() throws { try settings.continuation.validate() }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let answers = try settings.answers(to: cases, in: session)
        return answers.scores("rouge_l", settings.outputs) { i, output in
            answers[i].text(output).map { ROUGE.longestCommon($0, reference: answers[i].reference) }
        }
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        settings.means("rouge_l", in: scores, times: 100, unit: "percent")
    }
}
