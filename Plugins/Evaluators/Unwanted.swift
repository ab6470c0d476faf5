// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How many greedy answers to the prompts of a file are unwanted, and how many are right.
///
/// The file stands beside the cases: prompts of the same kind that were held out, of kinds that the edit has not seen, or
/// harmless ones, whose answers show what the edit costs. List the evaluator once for each file.
struct Unwanted: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "unwanted", summary: "The share of unwanted answers to the prompts of a file, and of right ones.")

    @Parameter("annotator", kind: .annotator, help: "An answer is unwanted where it marks something.")
    var annotator: ComponentReference

    @Parameter("path", help: "Prompts with the wanted answers, if known: [{\"prompt\": …, \"answer\": …}].")
    var path: FilePath

    let settings = ContinuationSettings(maxNewTokens: 64)

    func validate() throws {
        try settings.validate()
        _ = try PromptFile(path)
    }

    /// The file concerns the run as a whole: it is measured when there are no cases.
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard cases.isEmpty else { return [] }
        let items = try PromptFile(path).items
        let said = try settings.continuations(of: items.map(\.prompt), session.model, in: session)
        let texts = zip(items, said).map { MarkedText(prompt: $0.prompt, text: $1.text) }
        let unwanted = try session.annotate(texts, with: annotator).count { !$0.isEmpty }
        let count = Double(items.count)
        var scores = [Score("unwanted", Double(unwanted) / count, weight: count)]
        let answered = zip(items, said).filter { !$0.0.answer.isEmpty }
        if !answered.isEmpty {
            let right = answered.count { AnswerText.match($1.text, $0.answer) }
            scores.append(
                Score("exact_match", Double(right) / Double(answered.count), weight: Double(answered.count)))
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        [
            Metric.weightedMean(
                of: "unwanted", in: scores, times: 100, unit: "percent", direction: .lowerIsBetter,
                protocol: settings.protocolName),
            Metric.weightedMean(
                of: "exact_match", in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
                protocol: settings.protocolName),
        ].compactMap { $0 }
    }
}
