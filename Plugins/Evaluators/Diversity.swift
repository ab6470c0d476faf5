// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How varied sampled answers to the prompts of a file are.
///
/// *distinct-n* (Li et al. 2016): of the n-grams of all answers, the share that differ. *self-BLEU* (Zhu et al. 2018): BLEU
/// of each answer against the other answers to its prompt, averaged; 100 where a model always says the same.
struct Diversity: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "diversity", summary: "How varied sampled answers are: distinct-1, distinct-2 and self-BLEU.")

    @Parameter("path", help: "Prompts: [{\"prompt\": …}].")
    var path: FilePath

    @Parameter(
        "samples", in: .closed(1...10_000), unit: "texts", help: "Answers to each prompt. Self-BLEU needs two or more.")
    var sampleCount = 4

    @Parameter("temperature", in: .positive, help: "Of the sampling.")
    var temperature = 1.0

    @Parameter(
        "top_p", in: .closed(0.000_001...1), help: "Draw from the likeliest tokens that have this probability together."
    )
    var topP = 0.95

    @Parameter("max_new_tokens", in: .positive, unit: "tokens", help: "The largest length of an answer.")
    var maxNewTokens = 64

    @Parameter("tokenize", help: "How words are split: 13a (sacrebleu's default), conala (code), none (white space).")
    var split = WordSplit.mteval

    @Parameter(.generatedBatchTokens) var tokenBudget = 8192

    func validate() throws { _ = try PromptFile(path) }

    /// The file concerns the run as a whole: it is measured when there are no cases.
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard cases.isEmpty else { return [] }
        let answers = try samples(after: PromptFile(path).items.map(\.prompt), in: session)
        let words = answers.map { $0.map(split.words) }
        var scores: [Score] = []
        for n in 1...2 {
            let (distinct, total) = Self.distinct(words.flatMap { $0 }, n)
            if total > 0 {
                scores.append(Score("distinct_\(n)", Double(distinct) / Double(total), weight: Double(total)))
            }
        }
        let similarity = words.compactMap(Self.selfBLEU)
        if let mean = similarity.mean() {
            scores.append(Score("self_bleu", mean, weight: Double(similarity.count)))
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        let name =
            "\(split.rawValue) words, temperature \(temperature), top-p \(topP), at most \(maxNewTokens) tokens, "
            + "\(sampleCount) a prompt"
        return ["distinct_1", "distinct_2"].compactMap {
            Metric.weightedMean(
                of: $0, in: scores, times: 100, unit: "percent", direction: .higherIsBetter, protocol: name)
        }
            + [
                Metric.weightedMean(
                    of: "self_bleu", in: scores, unit: "points", direction: .lowerIsBetter,
                    protocol: name)
            ].compactMap { $0 }
    }

    /// Each draws from a stream of its own, so batches do not change it.
    private func samples(after prompts: [String], in session: Session) throws -> [[String]] {
        let model = try session.model
        let rows = try prompts.flatMap { Array(repeating: try model.promptTokens($0), count: sampleCount) }
        var texts = [String](repeating: "", count: rows.count)
        var done = 0
        for batch in TokenBatch.batches(ofLengths: rows.map { $0.count + maxNewTokens }, budget: tokenBudget) {
            try session.progress("generate", done, of: rows.count)
            let generation = Model.Generation(
                maxNewTokens: maxNewTokens, temperature: temperature, topP: topP, seed: try session.seed,
                streams: Array(batch))
            for (row, tokens) in zip(batch, try model.generate(batch.map { rows[$0] }, generation)) {
                texts[row] = try model.text(of: tokens.filter { $0 != model.info.endToken }, after: rows[row])
            }
            done += batch.count
        }
        return stride(from: 0, to: texts.count, by: sampleCount).map { Array(texts[$0..<$0 + sampleCount]) }
    }

    /// The n-grams of some texts: how many differ, and how many there are.
    static func distinct(_ texts: [[String]], _ n: Int) -> (distinct: Int, total: Int) {
        let grams = texts.flatMap { words in
            words.count < n ? [] : (0...words.count - n).map { Array(words[$0..<$0 + n]) }
        }
        return (Set(grams).count, grams.count)
    }

    /// The mean BLEU of each text against the others, from 0 to 100; nil for fewer than two texts, and where none has a word.
    static func selfBLEU(_ texts: [[String]]) -> Double? {
        guard texts.count > 1, texts.contains(where: { !$0.isEmpty }) else { return nil }
        return texts.indices.map { own in
            let others = texts.indices.filter { $0 != own }.map { texts[$0] }
            return BLEU(texts[own], references: others).score(usesEffectiveOrder: true)
        }.mean()
    }
}
