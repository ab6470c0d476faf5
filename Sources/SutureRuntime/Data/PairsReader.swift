// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Prompts with whole reference answers: `prompt` and `answer`, or `intent` and `code` as CoNaLa has them.
///
/// The model continues the prompt with the answer; nothing is put between them. An intent becomes a comment line
/// (`# intent` and a line feed; its own line feeds become spaces), after which code begins.
///
/// A record may have `paraphrase_prompts`, whose answer is the same, `neighborhood_prompts`, which must stay as they
/// are, and `neighborhood_samples`, each with `prompt` and `answer` of its own; their prompts are the neighbours where
/// no others are given.
package struct PairsReader: DatasetReader {
    package let name = "pairs"
    package let provides: EditCase.Fields = [.prompt, .answer, .paraphrases, .neighbors, .neighborSamples]

    package init() {}

    package func read(_ dataset: Experiment.Dataset) throws(RuntimeError) -> [EditCase] {
        let records = try dataset.records(hint: "each record has 'prompt' and 'answer'")
        return try records.enumerated().map { (index, record) throws(RuntimeError) in
            try editCase(record, index: index)
        }
    }

    private func editCase(_ record: CaseRecord, index: Int) throws(RuntimeError) -> EditCase {
        let isCode = !record.has("prompt") && record.has("intent")
        let samples = try record.records("neighborhood_samples").map { (sample) throws(RuntimeError) in
            Neighbor(
                prompt: try sample.nonEmptyText("prompt"), subject: "", target: try sample.nonEmptyText("answer"))
        }
        let neighbors = try record.texts("neighborhood_prompts")
        return EditCase(
            index: index, id: record.id,
            prompt: try isCode ? comment(record.nonEmptyText("intent")) : record.nonEmptyText("prompt"),
            answer: try record.nonEmptyText(isCode ? "code" : "answer"),
            paraphrasePrompts: try record.texts("paraphrase_prompts"),
            neighborhoodPrompts: neighbors.isEmpty ? samples.map(\.prompt) : neighbors,
            neighborSamples: samples)
    }

    private func comment(_ intent: String) -> String {
        var line = "# "
        line.unicodeScalars.append(contentsOf: intent.unicodeScalars.map { $0 == "\n" ? " " : $0 })
        return line + "\n"
    }
}
