// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A case of a dataset that a run leaves out, and why.
package struct SkippedCase: Sendable, Hashable, Codable {
    /// The dataset's own name of the case.
    package var id: String
    /// A sentence that names file, case and field.
    package var reason: String

    enum CodingKeys: String, CodingKey {
        case id = "case_id"
        case reason
    }

    package init(id: String, reason: String) {
        self.id = id
        self.reason = reason
    }
}

/// What is noticed while a dataset is read: the records that cannot be cases, and what was put right in others.
package final class ReadingLog {
    /// What happens to a record that cannot be a case.
    private let invalid: Experiment.Dataset.Invalid
    /// Whether it is left out.
    var skips: Bool { invalid == .skip }
    /// The records that were left out, in their order.
    package private(set) var skipped: [SkippedCase] = []
    private var notes: [Note] = []
    /// Places in ``notes`` that have learned of the record that is being read, to be forgotten where it is left out.
    private var learned: [Int] = []
    /// How many records were read.
    private var count = 0

    /// What was put right in a field, and in which records.
    private struct Note {
        enum Kind { case trimmed, openSlot }

        var kind: Kind
        var field: String
        var records: Set<Int>
    }

    package init(_ invalid: Experiment.Dataset.Invalid) { self.invalid = invalid }

    /// Reads one record. Nil where it cannot be a case, and such records are skipped.
    ///
    /// - Throws: what `body` throws, where they end the run.
    func attempt<Value>(
        _ record: CaseRecord, _ body: (CaseRecord) throws(RuntimeError) -> Value
    ) throws(RuntimeError) -> Value? {
        count += 1
        learned = []
        do throws(RuntimeError) {
            if let problem = record.problem { throw problem }
            return try body(record)
        } catch {
            guard skips else { throw error }
            forget(record.position)
            skipped.append(SkippedCase(id: record.id, reason: error.description))
            return nil
        }
    }

    /// The cases of records, numbered from 0.
    func cases(
        _ records: some Sequence<CaseRecord>, _ make: (CaseRecord) throws(RuntimeError) -> EditCase
    ) throws(RuntimeError) -> [EditCase] {
        var cases: [EditCase] = []
        for record in records {
            guard var editCase = try attempt(record, make) else { continue }
            editCase.index = cases.count
            cases.append(editCase)
        }
        return cases
    }

    /// A blank was cut off.
    func noteTrimmed(_ field: String, in record: Int) { note(.trimmed, field, record) }

    /// `{}` is in a text that is finished, where it is no slot.
    func noteOpenSlot(_ field: String, in record: Int) { note(.openSlot, field, record) }

    /// What the user should know, as sentences: one for each kind, with the number of cases.
    package func warnings(of path: String) -> [String] {
        var warnings: [String] = []
        let (trimmed, openSlots) = (notes.filter { $0.kind == .trimmed }, notes.filter { $0.kind == .openSlot })
        func number(_ fields: [Note]) -> String {
            let all = Set(fields.flatMap(\.records)).count
            return "\(all) of \(count) case\(count == 1 ? "" : "s") of '\(path)' ("
                + fields.map { "\($0.field) in \($0.records.count)" }.joined(separator: ", ") + ")"
        }
        if !trimmed.isEmpty { warnings.append("blanks at the ends of texts are cut off in \(number(trimmed))") }
        if !openSlots.isEmpty {
            warnings.append(
                "'{}' stays as it is in \(number(openSlots)): the subject is filled in only where a prompt has its slot"
            )
        }
        return warnings
    }

    private func note(_ kind: Note.Kind, _ field: String, _ record: Int) {
        let known = notes.firstIndex { $0.kind == kind && $0.field == field }
        let place = known ?? notes.count
        if known == nil { notes.append(Note(kind: kind, field: field, records: [])) }
        if notes[place].records.insert(record).inserted { learned.append(place) }
    }

    /// Forgets what was noted of a record.
    private func forget(_ record: Int) {
        // The last first, so that a field that is new with this record is the last of all.
        for place in learned.reversed() {
            notes[place].records.remove(record)
            if notes[place].records.isEmpty { notes.remove(at: place) }
        }
        learned = []
    }
}
