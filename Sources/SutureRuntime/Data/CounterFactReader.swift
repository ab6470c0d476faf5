// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// CounterFact: a JSON list of records with `requested_rewrite`, paraphrases, neighbours and prompts for generation.
///
/// Neighbour samples (`subject` and `prompt`) have the true object as theirs.
///
/// Source: the record format of ROME (Meng et al. 2022), as its data files have it.
package struct CounterFactReader: DatasetReader {
    package let name = "counterfact"
    package let provides: EditCase.Fields = [
        .prompt, .subject, .targetNew, .targetTrue, .paraphrases, .neighbors, .generation, .attributes,
        .neighborSamples, .answer,
    ]

    package init() {}

    package func read(_ dataset: Experiment.Dataset) throws(RuntimeError) -> [EditCase] {
        let records = try dataset.records(hint: "CounterFact is a list of records with 'requested_rewrite'")
        return try records.enumerated().map { (index, record) throws(RuntimeError) in
            try editCase(record, index: index)
        }
    }

    private func editCase(_ record: CaseRecord, index: Int) throws(RuntimeError) -> EditCase {
        let rewrite = try record.object("requested_rewrite")
        let subject = try rewrite.nonEmptyText("subject")
        let prompt = try rewrite.template("prompt", subject: subject)
        let targetNew = try rewrite.target("target_new", isRequired: true)
        let targetTrue = try rewrite.target("target_true", isRequired: false)
        return EditCase(
            index: index, id: record.id, prompt: prompt, subject: subject,
            targetNew: targetNew, targetTrue: targetTrue, answer: " " + targetNew,
            paraphrasePrompts: try record.texts("paraphrase_prompts"),
            neighborhoodPrompts: try record.texts("neighborhood_prompts"),
            generationPrompts: try record.texts("generation_prompts"),
            attributePrompts: try record.texts("attribute_prompts"),
            neighborSamples: try record.records("neighborhood_samples").compactMap {
                CounterFactReader.neighbor($0, target: targetTrue)
            })
    }

    /// Nil where the prompt does not name the subject: published data has a few such samples.
    ///
    /// - Parameter target: the case's own object, which by the making of the data is the neighbour's, too, unless it
    ///   says otherwise.
    private static func neighbor(_ sample: CaseRecord, target: String) -> Neighbor? {
        guard let subject = try? sample.nonEmptyText("subject"),
            let prompt = try? sample.template("prompt", subject: subject, takesFirst: true),
            let own = try? sample.target("target", isRequired: false)
        else { return nil }
        return Neighbor(prompt: prompt, subject: subject, target: own.isEmpty ? target : own)
    }
}
