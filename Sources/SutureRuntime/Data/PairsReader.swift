// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Prompts with whole reference answers: `prompt` and `answer`, or `intent` and `code` as CoNaLa has them.
///
/// The model continues the prompt with the answer. Nothing is put between them, unless the dataset is to join them by a space.
/// An intent becomes a line, after which code begins (``PairForm``), and solved examples may stand before every prompt
/// (``Demonstrations``).
///
/// A record may have `paraphrase_prompts` or `paraphrase_intents`, whose answer is the same, `neighborhood_prompts`, which must
/// stay as they are, `neighborhood_samples`, each a pair of its own, whose prompts are the neighbours where no others are
/// given, and a `wrong_answer`. In a grid, other records are what it lacks of these (``PairGrid``).
package struct PairsReader: DatasetReader {
    package let name = "pairs"
    package let join: Experiment.Dataset.Join? = Experiment.Dataset.Join.none
    package let provides: EditCase.Fields = [
        .prompt, .answer, .paraphrases, .neighbors, .neighborSamples, .wrongAnswer,
    ]

    package init() {}

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        let form = PairForm(intent: dataset.pairs.intent, joint: dataset.joint)
        let file = try RecordFile(dataset.path, hint: "each record has 'prompt' and 'answer'", log)
        let chosen = try file.records(where: dataset.conditions, log)
        let grid = try PairGrid(file.records(where: [], log), form, log)
        let demonstrations = try Demonstrations(dataset.pairs, form)
        return try log.cases(dataset.range(of: chosen)) { record throws(RuntimeError) in
            try editCase(record, form, grid, demonstrations)
        }
    }

    private func editCase(
        _ record: CaseRecord, _ form: PairForm, _ grid: PairGrid, _ demonstrations: Demonstrations?
    ) throws(RuntimeError) -> EditCase {
        let own = try form.pair(record)
        // Other wordings have the same examples, so that nothing but the wording differs.
        let opening = demonstrations?.opening(of: own.question, answer: own.answer) ?? ""
        func opened(_ pair: Pair) -> String {
            (demonstrations?.opening(of: pair.question, answer: pair.answer) ?? "") + pair.prompt
        }
        let relatives = try grid.relatives(of: record)

        var wordings = try form.prompts(record, "paraphrase_prompts")
        wordings += try record.texts("paraphrase_intents").map(form.prompt(of:))
        if wordings.isEmpty { wordings = relatives.wordings.map(\.prompt) }

        var pairs = try record.records("neighborhood_samples").map { (sample) throws(RuntimeError) in
            try form.pair(sample)
        }
        let prompts = try form.prompts(record, "neighborhood_prompts")
        if pairs.isEmpty, prompts.isEmpty { pairs = relatives.neighbors }
        let samples = pairs.map { Neighbor(prompt: opened($0), subject: "", target: $0.answer) }

        return EditCase(
            index: 0, id: record.id, prompt: opening + own.prompt, answer: own.answer,
            paraphrasePrompts: wordings.map { opening + $0 },
            neighborhoodPrompts: prompts.isEmpty
                ? samples.map(\.prompt) : prompts.map { (demonstrations?.opening(of: $0) ?? "") + $0 },
            neighborSamples: samples, wrongAnswer: try wrongAnswer(record, form, answer: own.answer))
    }

    private func wrongAnswer(
        _ record: CaseRecord, _ form: PairForm, answer: String
    ) throws(RuntimeError) -> String {
        guard record.has("wrong_answer") else { return "" }
        let wrong = try form.answer(record, "wrong_answer")
        guard wrong != answer else {
            throw record.error(
                "has the same text in 'wrong_answer' as in '\(form.hasIntent(record) ? "code" : "answer")'",
                hint: "write what the model should not say")
        }
        return wrong
    }
}
