// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// KnowEdit and records like it: `prompt`, `subject`, `target_new`, and kinds of questions in `portability` and `locality`.
///
/// The names of the fields differ from file to file; each of these is read where it is there:
///
/// - the prompt: `prompt`, `text` (WikiBio), `src`;
/// - the subject: `subject`, `concept` (WikiBio);
/// - the object: `target_new`, `labels` (WikiBio), `target` (QAEdit), `alt`;
/// - the true object: `ground_truth`, a text or lists of them, of which the first counts; `target_true`;
/// - other wordings: `rephrase`, `rephrase_prompt`, one or a list;
/// - a neighbour: `locality_prompt` with `locality_ground_truth` (EasyEdit's CounterFact).
///
/// Source: the files of Zhang et al. 2024 (KnowEdit) and Yang et al. 2025 (QAEdit, WILD).
package struct KnowEditReader: DatasetReader {
    package let name = "knowedit"
    package let join: Experiment.Dataset.Join? = .space
    package let provides: EditCase.Fields = [
        .prompt, .subject, .targetNew, .targetTrue, .paraphrases, .neighbors, .neighborSamples, .probes, .answer,
    ]

    private static let knownKeys = ["ground_truth", "target_true"]
    private static let wordingKeys = ["rephrase", "rephrase_prompt"]

    package init() {}

    package func keys(of field: EditCase.Fields) -> [String] {
        switch field {
        case .targetTrue: Self.knownKeys
        case .paraphrases: Self.wordingKeys
        case .neighbors, .neighborSamples: ["locality_prompt"]
        case .probes: CaseRecord.probeKeys
        default: []
        }
    }

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        let hint = "KnowEdit is a list of records with 'subject', 'prompt' and 'target_new'"
        return try log.cases(dataset.records(hint: hint, log)) { record throws(RuntimeError) in
            try editCase(record, joint: dataset.joint)
        }
    }

    private func editCase(_ record: CaseRecord, joint: String) throws(RuntimeError) -> EditCase {
        func field(_ names: [String]) -> String { names.first(where: record.has) ?? names[0] }
        let subject = try record.name(field(["subject", "concept"]))
        let prompt = try record.template(field(["prompt", "text", "src"]), subject: subject, takesFirst: true)
        let new = try object(record, field(["target_new", "labels", "target", "alt"]))
        let known = try record.alternatives(field(Self.knownKeys))
        let wordings = try record.alternatives(field(Self.wordingKeys))
        var samples: [Neighbor] = []
        if let question = try record.alternatives("locality_prompt").first,
            let answer = try record.alternatives("locality_ground_truth").first
        {
            samples = [Neighbor(prompt: question, subject: "", target: answer)]
        }
        return EditCase(
            index: 0, id: record.id, prompt: prompt, subject: subject, targetNew: new, targetTrue: known.first ?? "",
            answer: joint + new, paraphrasePrompts: wordings,
            // A neighbour's object is the true one; of another object it is a sample alone.
            neighborhoodPrompts: samples.filter { known.isEmpty || $0.target == known[0] }.map(\.prompt),
            neighborSamples: samples, probes: try record.probes())
    }

    private func object(_ record: CaseRecord, _ key: String) throws(RuntimeError) -> String {
        guard let first = try record.alternatives(key).first else { throw record.error("has no '\(key)'") }
        return first
    }
}
