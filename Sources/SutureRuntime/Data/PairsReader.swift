// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Prompts with whole reference answers: `prompt` and `answer`, or `intent` and `code` as CoNaLa has them.
///
/// The model continues the prompt with the answer. Nothing is put between them, unless the dataset is to join them by a space. An
/// intent becomes a comment line
/// (`# intent` and a line feed; its own line feeds become spaces), after which code begins.
///
/// A record may have `paraphrase_prompts`, whose answer is the same, `neighborhood_prompts`, which must stay as they
/// are, and `neighborhood_samples`, each with `prompt` and `answer` of its own; their prompts are the neighbours where
/// no others are given.
package struct PairsReader: DatasetReader {
    package let name = "pairs"
    package let join: Experiment.Dataset.Join? = Experiment.Dataset.Join.none
    package let provides: EditCase.Fields = [.prompt, .answer, .paraphrases, .neighbors, .neighborSamples]

    package init() {}

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        try log.cases(dataset.records(hint: "each record has 'prompt' and 'answer'", log)) {
            record throws(RuntimeError) in try editCase(record, joint: dataset.joint)
        }
    }

    private func editCase(_ record: CaseRecord, joint: String) throws(RuntimeError) -> EditCase {
        // Texts that meet as they are keep their blanks, one of which may be what is between them.
        func prompt(_ record: CaseRecord, _ key: String) throws(RuntimeError) -> String {
            try joint.isEmpty ? record.nonEmptyText(key) : record.prompt(key)
        }
        func prompts(_ key: String) throws(RuntimeError) -> [String] {
            try joint.isEmpty ? record.texts(key) : record.prompts(key, hasSubject: false)
        }
        func answer(_ record: CaseRecord, _ key: String) throws(RuntimeError) -> String {
            try joint.isEmpty ? record.nonEmptyText(key) : joint + record.prompt(key)
        }
        let isCode = !record.has("prompt") && record.has("intent")
        let samples = try record.records("neighborhood_samples").map { (sample) throws(RuntimeError) in
            Neighbor(prompt: try prompt(sample, "prompt"), subject: "", target: try answer(sample, "answer"))
        }
        let neighbors = try prompts("neighborhood_prompts")
        return EditCase(
            index: 0, id: record.id,
            prompt: try isCode ? comment(record.nonEmptyText("intent")) : prompt(record, "prompt"),
            answer: try answer(record, isCode ? "code" : "answer"),
            paraphrasePrompts: try prompts("paraphrase_prompts"),
            neighborhoodPrompts: neighbors.isEmpty ? samples.map(\.prompt) : neighbors,
            neighborSamples: samples)
    }

    private func comment(_ intent: String) -> String {
        var line = "# "
        line.unicodeScalars.append(contentsOf: intent.unicodeScalars.map { $0 == "\n" ? " " : $0 })
        return line + "\n"
    }
}
