// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// zsRE in the records of the MEND split: a question about a subject, a rephrased one, an unrelated one.
///
/// The prompt is the question with the subject's first place as its slot. There is no old object: the MEMIT loader
/// writes the end-of-text token there, which no method reads, so `target_true` stays empty and a component that needs
/// it says so. The unrelated question is a neighbour, and with its answer a neighbour sample: from
/// `neighborhood_samples` where the record has them, which also name its subject, else as it is.
///
/// Source: Mitchell et al. 2022 (the split), Meng et al. 2023 (how a record becomes a case).
package struct ZsREReader: DatasetReader {
    /// What is written into the model; code bases differ.
    package enum Target: Sendable {
        /// The first of `answers` (ROME, MEMIT): what is true.
        case answer
        /// `alt` (MEND, EasyEdit): another answer.
        case alternative
    }

    package let name: String
    package let target: Target
    package let join: Experiment.Dataset.Join? = .space
    package let provides: EditCase.Fields = [
        .prompt, .subject, .targetNew, .paraphrases, .neighbors, .neighborSamples, .answer,
    ]

    package init(_ target: Target = .answer) {
        self.target = target
        name = target == .answer ? "zsre" : "zsre-alt"
    }

    package func keys(of field: EditCase.Fields) -> [String] {
        switch field {
        case .paraphrases: ["rephrase"]
        case .neighbors: ["loc"]
        case .neighborSamples: ["loc_ans"]
        default: []
        }
    }

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        let hint = "zsRE is a list of records with 'subject', 'src' and 'answers'"
        return try log.cases(dataset.records(hint: hint, log)) { record throws(RuntimeError) in
            try editCase(record, joint: dataset.joint)
        }
    }

    private func editCase(_ record: CaseRecord, joint: String) throws(RuntimeError) -> EditCase {
        let subject = try record.name("subject")
        let prompt = try record.template("src", subject: subject, takesFirst: true)
        let new = try object(record)
        func has(_ key: String) -> Bool { record.has(key) && !record.isEmpty(key) }
        let question = try has("loc") ? record.prompt("loc") + "?" : ""
        return EditCase(
            index: 0, id: record.id, prompt: prompt, subject: subject, targetNew: new, answer: joint + new,
            paraphrasePrompts: try has("rephrase") ? [record.prompt("rephrase")] : [],
            neighborhoodPrompts: question.isEmpty ? [] : [question],
            neighborSamples: try neighbors(record, question))
    }

    private func neighbors(_ record: CaseRecord, _ question: String) throws(RuntimeError) -> [Neighbor] {
        let answer = try record.target("loc_ans", isRequired: false)
        guard !answer.isEmpty else { return [] }
        let samples = try record.records("neighborhood_samples").map { (sample) throws(RuntimeError) in
            try sample.neighbor(target: answer)
        }
        guard samples.isEmpty, !question.isEmpty else { return samples }
        return [Neighbor(prompt: question, subject: "", target: answer)]
    }

    private func object(_ record: CaseRecord) throws(RuntimeError) -> String {
        guard target == .answer else { return try record.target("alt", isRequired: true) }
        guard let first = try record.texts("answers").first(where: { $0.contains { !$0.isWhitespace } }) else {
            throw record.error("has no 'answers'")
        }
        return record.trimmedName(first, "answers")
    }
}
