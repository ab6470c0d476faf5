// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// CounterFact: a JSON list of records with `requested_rewrite`, paraphrases, neighbours and prompts for generation.
///
/// Neighbour samples (`subject` and `prompt`) have the true object as theirs. A record may have the questions of KnowEdit.
///
/// Source: the record format of ROME (Meng et al. 2022), as its data files have it.
package struct CounterFactReader: DatasetReader {
    package let name = "counterfact"
    package let join: Experiment.Dataset.Join? = .space
    package let provides: EditCase.Fields = [
        .prompt, .subject, .targetNew, .targetTrue, .paraphrases, .neighbors, .generation, .attributes,
        .neighborSamples, .probes, .answer,
    ]

    package init() {}

    package func keys(of field: EditCase.Fields) -> [String] {
        switch field {
        case .targetTrue: ["requested_rewrite.target_true"]
        case .probes: CaseRecord.probeKeys
        default: []
        }
    }

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        let hint = "CounterFact is a list of records with 'requested_rewrite'"
        return try log.cases(dataset.records(hint: hint, log)) { record throws(RuntimeError) in
            try editCase(record, joint: dataset.joint)
        }
    }

    private func editCase(_ record: CaseRecord, joint: String) throws(RuntimeError) -> EditCase {
        let rewrite = try record.object("requested_rewrite")
        let subject = try rewrite.name("subject")
        let prompt = try rewrite.template("prompt", subject: subject)
        let targetNew = try rewrite.target("target_new", isRequired: true)
        let targetTrue = try rewrite.target("target_true", isRequired: false)
        return EditCase(
            index: 0, id: record.id, prompt: prompt, subject: subject,
            targetNew: targetNew, targetTrue: targetTrue, answer: joint + targetNew,
            paraphrasePrompts: try record.prompts("paraphrase_prompts"),
            neighborhoodPrompts: try record.prompts("neighborhood_prompts"),
            generationPrompts: try record.prompts("generation_prompts"),
            attributePrompts: try record.prompts("attribute_prompts"),
            neighborSamples: try record.records("neighborhood_samples").map { (sample) throws(RuntimeError) in
                try CounterFactReader.neighbor(sample, target: targetTrue)
            }.compactMap(\.self),
            probes: try record.probes())
    }

    /// Nil where the prompt does not name the subject: published data has a few such samples.
    ///
    /// - Parameter target: the case's own object, which by the making of the data is the neighbour's, too, unless it
    ///   says otherwise.
    private static func neighbor(_ sample: CaseRecord, target: String) throws(RuntimeError) -> Neighbor? {
        let own: String
        do throws(RuntimeError) {
            let subject = try sample.name("subject")
            let prompt = try sample.prompt("prompt")
            guard Template.slotCount(of: prompt) > 0 || TextSearch.contains(subject, in: Template.literal(prompt))
            else { return nil }
            own = try sample.target("target", isRequired: false)
        } catch {
            return nil
        }
        return try sample.neighbor(target: own.isEmpty ? target : own)
    }
}
