// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How much of what the model says is unwanted, as an annotator sees it, and whether it begins to stutter.
///
/// The model speaks greedily after prompts of each case; the annotator marks the texts. `marked_tokens` is the share of
/// tokens that a mark touches, of all tokens said (a text's tokens being those that the tokenizer gives it);
/// `marked_texts` the share of texts with a mark; `word_repeats` the number of words in a text that repeat the word
/// just before them, white space parting words.
struct Negatives: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "negatives", summary: "The share of unwanted tokens and texts in what the model says.",
        requires: .prompt)

    @Parameter("annotator", kind: .annotator, help: "Says which parts of a text are unwanted.")
    var annotator: ComponentReference

    @Parameter("prompts", help: "Which prompts of the cases are continued.")
    var choice = PromptChoice.prompt

    let settings = ContinuationSettings(maxNewTokens: 64)

    func validate() throws { try settings.validate() }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let prompts = cases.map(choice.prompts)
        let all = prompts.flatMap { $0 }
        guard !all.isEmpty else { return [] }
        let model = try session.model
        let said = try settings.continuations(of: all, model, in: session)
        let texts = zip(all, said).map { MarkedText(prompt: $0, text: $1.text) }
        let marks = try session.annotate(texts, with: annotator)
        var scores: [Score] = []
        for (editCase, range) in zip(cases, Array(all.indices).slices(ofCounts: prompts.map(\.count)))
        where !range.isEmpty {
            var (count, marked) = (0, 0)
            for i in range {
                let tokens = try tokens(of: texts[i].text, touchedBy: marks[i], model)
                count += tokens.count
                marked += tokens.marked
            }
            let n = Double(range.count)
            func add(_ name: String, _ value: Double, weight: Double) {
                scores.append(Score(name, value, caseIndex: editCase.index, weight: weight))
            }
            add("marked_tokens", count > 0 ? Double(marked) / Double(count) : 0, weight: Double(count))
            add("marked_texts", Double(range.count { !marks[$0].isEmpty }) / n, weight: n)
            add("word_repeats", range.reduce(0) { $0 + Double(Negatives.repeats(in: texts[$1].text)) } / n, weight: n)
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        [
            Metric.weightedMean(
                of: "marked_tokens", in: scores, times: 100, unit: "percent", direction: .lowerIsBetter,
                protocol: settings.protocolName),
            Metric.weightedMean(
                of: "marked_texts", in: scores, times: 100, unit: "percent", direction: .lowerIsBetter,
                protocol: settings.protocolName),
            Metric.weightedMean(
                of: "word_repeats", in: scores, unit: "words", direction: .lowerIsBetter,
                protocol: settings.protocolName),
        ].compactMap { $0 }
    }

    /// How many tokens a text has, and how many of them share a byte with a mark.
    private func tokens(
        of text: String, touchedBy marks: [Range<Int>], _ model: Model
    ) throws(SutureError) -> (count: Int, marked: Int) {
        let (ids, offsets) = try model.encodeWithOffsets(text)
        // Offsets count scalars, marks bytes.
        let bytes = text.unicodeScalars.reduce(into: [0]) { $0.append($0[$0.count - 1] + UTF8.width($1)) }
        let marked = offsets.count { token in
            let span = bytes[token.lowerBound]..<bytes[token.upperBound]
            return marks.contains { $0.overlaps(span) }
        }
        return (ids.count, marked)
    }

    /// Words that equal the word before them.
    static func repeats(in text: String) -> Int {
        let words = text.wordsBySpace
        return zip(words, words.dropFirst()).count(where: ==)
    }
}
