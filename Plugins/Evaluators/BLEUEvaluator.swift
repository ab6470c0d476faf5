// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// BLEU against the reference answer: of the corpus, and the mean over cases of the sentence score, from 0 to 100.
///
/// Both are sacrebleu's. The corpus score comes from counts that are kept as scores of the cases, so it needs no text
/// again when a run resumes.
struct BLEUEvaluator: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "bleu", summary: "BLEU of what the model says against the reference answer.", requires: [.prompt, .answer])

    @Parameter("tokenize", help: "How words are split: 13a (sacrebleu's default), conala (code), none (white space).")
    var split = WordSplit.mteval

    let settings = AnswerSettings()

    func validate() throws { try settings.continuation.validate() }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let answers = try settings.answers(to: cases, in: session)
        let counts = answers.map { answer in
            let reference = split.words(answer.reference)
            let texts = settings.outputs.map { ($0, BLEU(split.words(answer.text($0) ?? ""), reference: reference)) }
            return Dictionary(uniqueKeysWithValues: texts)
        }
        var scores = answers.scores("sentence_bleu", settings.outputs) {
            counts[$0][$1]?.score(usesEffectiveOrder: true)
        }
        for (answer, count) in zip(answers, counts) {
            for output in settings.outputs {
                for part in count[output]?.parts ?? [] {
                    let name = "\(answer.group.rawValue)_\(output.prefix)_bleu_\(part.name)"
                    scores.append(Score(name, part.value, caseIndex: answer.caseIndex))
                }
            }
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        var sums: [String: (sum: Double, n: Int)] = [:]
        for score in scores { sums[score.name, default: (0, 0)].sum += score.value }
        for score in scores { sums[score.name, default: (0, 0)].n += 1 }
        let corpus = AnsweredPrompt.Group.allCases.flatMap { group in
            AnswerOutput.allCases.compactMap { output -> Metric? in
                let name = "\(group.rawValue)_\(output.prefix)_bleu"
                guard let n = sums["\(name)_length"]?.n else { return nil }
                return Metric(
                    "\(group.rawValue)_\(output.prefix)_corpus_bleu",
                    BLEU { sums["\(name)_\($0)"]?.sum ?? 0 }.score(usesEffectiveOrder: false), unit: "points", n: n,
                    direction: .higherIsBetter, protocol: protocolName(output))
            }
        }
        return corpus
            + AnsweredPrompt.Group.allCases.flatMap { group in
                AnswerOutput.allCases.compactMap { output in
                    Metric.mean(
                        of: "\(group.rawValue)_\(output.prefix)_sentence_bleu", in: scores, unit: "points",
                        direction: .higherIsBetter, protocol: protocolName(output))
                }
            }
    }

    private func protocolName(_ output: AnswerOutput) -> String {
        "\(split.rawValue) words, \(output.protocolName(settings))"
    }
}
