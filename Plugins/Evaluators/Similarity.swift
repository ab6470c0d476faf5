// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How close what the edited model says stays to what the original says after the same prompts: on prompts that the
/// edit does not concern, its side effects.
///
/// Both models speak greedily. BLEU (of the corpus, and mean sentence), ROUGE-L and exact match compare the two texts,
/// the original's being the reference; equal texts count in full, even where they have no words. `divergence` is the
/// mean KL per token of the original's text: what each model thinks of it, position by position. Before an edit all of
/// it is trivial and not measured.
struct Similarity: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "similarity", summary: "What the edited model says, compared with what the original says.")

    @Parameter("prompts", help: "Which prompts of the cases are continued, where no text file is given.")
    var choice = PromptChoice.neighborhood

    @Parameter("path", help: "UTF-8 text, one prompt per line, used instead of the cases' prompts.")
    var path: FilePath?

    @Parameter(.lineLimit) var limit: Int?

    @Parameter(
        "tokenize", help: "How BLEU splits words: 13a (sacrebleu's default), conala (code), none (white space).")
    var split = WordSplit.mteval

    let settings = ContinuationSettings(maxNewTokens: 64)

    private static let means = ["exact_match", "rouge_l", "sentence_bleu"]

    func validate() throws {
        try settings.validate()
        _ = try path?.lines(limit: 1)
    }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard try session.stage != "before" else { return [] }
        if let path {
            return cases.isEmpty ? try scores([(nil, try path.lines(limit: limit))], in: session) : []
        }
        return try scores(cases.map { ($0.index, choice.prompts($0)) }, in: session)
    }

    private func scores(_ groups: [(caseIndex: Int?, prompts: [String])], in session: Session) throws -> [Score] {
        let (original, edited) = (try session.original, try session.model)
        let prompts = groups.flatMap(\.prompts)
        let before = try settings.continuations(of: prompts, original, in: session)
        let after = try settings.continuations(of: prompts, edited, in: session)
        let starts = try prompts.map { try original.promptTokens($0) }
        // One position per token of the original's text; the end alone, where it says nothing.
        let positions = zip(starts, before).map { $0.count - 1..<$0.count - 1 + max($1.tokens.count, 1) }
        let divergences = try edited.divergences(
            from: original, on: zip(starts, before).map { $0 + $1.tokens }, at: positions,
            tokenBudget: settings.tokenBudget, in: session)

        var scores: [Score] = []
        let ranges = Array(prompts.indices).slices(ofCounts: groups.map(\.prompts.count))
        for (group, range) in zip(groups, ranges) where !range.isEmpty {
            let n = Double(range.count)
            func add(_ name: String, _ value: Double, weight: Double) {
                scores.append(Score(name, value, caseIndex: group.caseIndex, weight: weight))
            }
            func mean(_ name: String, _ value: (String, String) -> Double) {
                add(name, range.reduce(0) { $0 + value(after[$1].text, before[$1].text) } / n, weight: n)
            }
            mean("exact_match") { AnswerText.match($0, $1) ? 1 : 0 }
            mean("rouge_l") { AnswerText.match($0, $1) ? 1 : ROUGE.longestCommon($0, reference: $1) }
            mean("sentence_bleu") {
                AnswerText.match($0, $1)
                    ? 1 : BLEU(split.words($0), reference: split.words($1)).score(usesEffectiveOrder: true) / 100
            }
            var counts: [String: Double] = [:]
            for i in range {
                for part in BLEU(split.words(after[i].text), reference: split.words(before[i].text)).parts {
                    counts[part.name, default: 0] += part.value
                }
            }
            for part in BLEU().parts { add("bleu_\(part.name)", counts[part.name] ?? 0, weight: n) }
            let tokens = Double(range.reduce(0) { $0 + positions[$1].count })
            add("divergence", range.reduce(0) { $0 + divergences[$1] } / tokens, weight: tokens)
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        var metrics = Similarity.means.compactMap { name in
            Metric.weightedMean(
                of: name, in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
                protocol: settings.protocolName)
        }
        let counted = scores.filter { $0.name == "bleu_length" }
        if !counted.isEmpty {
            let bleu = BLEU { part in
                scores.filter { $0.name == "bleu_\(part)" }.reduce(0) { $0 + $1.value }
            }
            metrics.append(
                Metric(
                    "corpus_bleu", bleu.score(usesEffectiveOrder: false), unit: "points",
                    n: Int(counted.reduce(0) { $0 + $1.weight }), direction: .higherIsBetter,
                    protocol: "\(split.rawValue) words, \(settings.protocolName)"))
        }
        if let divergence = Metric.weightedMean(
            of: "divergence", in: scores, unit: "nats", direction: .lowerIsBetter,
            protocol: "KL(original ‖ edited) on the original's generations")
        {
            metrics.append(divergence)
        }
        return metrics
    }
}
