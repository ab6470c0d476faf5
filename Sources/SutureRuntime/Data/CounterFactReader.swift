// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// CounterFact: a JSON list of records with `requested_rewrite`, paraphrases, neighbours and prompts for generation.
///
/// Source: the record format of ROME (Meng et al. 2022), as its data files have it.
public struct CounterFactReader: DatasetReader {
    public let name = "counterfact"
    public let provides: EditCase.Fields = [
        .prompt, .subject, .targetNew, .targetTrue, .paraphrases, .neighbors, .generation, .attributes,
        .neighborSamples,
    ]

    public init() {}

    public func read(_ path: String, limit: Int?, offset: Int) throws(RuntimeError) -> [EditCase] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
        } catch {
            throw RuntimeError(
                .file, "the dataset '\(path)' cannot be read", hint: "check the path and its permissions")
        }
        let json = try JSONValue(data, name: path)
        guard case .list(let records) = json else {
            throw RuntimeError(
                .file, "the dataset '\(path)' is not a JSON list of cases but \(json.phrase)",
                hint: "CounterFact is a list of records with 'requested_rewrite'")
        }
        guard offset < records.count else {
            throw RuntimeError(
                .file, "the dataset '\(path)' has \(records.count) cases, so none is left after offset \(offset)",
                hint: "use a smaller dataset.offset")
        }
        let end = limit.map { min(records.count, offset.saturatingAdd($0)) } ?? records.count
        var cases: [EditCase] = []
        cases.reserveCapacity(end - offset)
        for position in offset..<end {
            let record = CaseRecord(records[position], file: path, position: position)
            cases.append(try editCase(record, index: position - offset))
        }
        return cases
    }

    private func editCase(_ record: CaseRecord, index: Int) throws(RuntimeError) -> EditCase {
        let rewrite = try record.object("requested_rewrite")
        let subject = try rewrite.nonEmptyText("subject")
        let prompt = try rewrite.template("prompt", subject: subject)
        let targetTrue = try rewrite.target("target_true", isRequired: false)
        return EditCase(
            index: index, id: record.id, prompt: prompt, subject: subject,
            targetNew: try rewrite.target("target_new", isRequired: true),
            targetTrue: targetTrue,
            paraphrasePrompts: try record.texts("paraphrase_prompts"),
            neighborhoodPrompts: try record.texts("neighborhood_prompts"),
            generationPrompts: try record.texts("generation_prompts"),
            attributePrompts: try record.texts("attribute_prompts"),
            neighborSamples: try record.objects("neighborhood_samples").compactMap {
                CounterFactReader.neighbor($0, target: targetTrue)
            })
    }

    /// Nil where the prompt does not name the subject: published data has a few such samples.
    ///
    /// - Parameter target: the case's own object, which by the making of the data is the neighbour's, too, unless it
    ///   says otherwise.
    private static func neighbor(_ sample: CaseRecord, target: String) -> Neighbor? {
        guard let subject = try? sample.nonEmptyText("subject"),
            let prompt = try? sample.template("prompt", subject: subject),
            let own = try? sample.target("target", isRequired: false)
        else { return nil }
        return Neighbor(prompt: prompt, subject: subject, target: own.isEmpty ? target : own)
    }
}

extension Int {
    func saturatingAdd(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
