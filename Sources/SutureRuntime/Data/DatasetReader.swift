// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Reads one format of edit cases. A new format is one file with one conforming type, listed in ``DatasetReaders/all``.
package protocol DatasetReader: Sendable {
    /// As in `dataset: {name: …}`.
    var name: String { get }
    /// The fields that cases of this format can have.
    var provides: EditCase.Fields { get }
    /// Where a record has a field, as sentences say it: the names of its own keys. Empty where the name of the field is the key.
    func keys(of field: EditCase.Fields) -> [String]
    /// What is between a prompt and what follows it, unless the dataset says otherwise; nil for a format in which nothing is joined.
    var join: Experiment.Dataset.Join? { get }
    /// Reads the cases that the dataset's conditions, offset and limit choose, in this order. Indices count from 0.
    ///
    /// - Parameter log: hears of the records that are skipped, and of what is put right.
    /// - Throws: `file`, naming file, case and field; `usage` for conditions that no record meets.
    func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase]
    /// A check of what the model's tokenizer makes of a case, as far as the components of a run rely on it; nil where there is
    /// nothing to check, as for most formats.
    ///
    /// - Parameter tokenizer: reads it; called where there is something to check.
    func tokenCheck(
        of dataset: Experiment.Dataset, for needs: [CaseRequirements.Need],
        _ tokenizer: () throws(RuntimeError) -> Tokenizer
    ) throws(RuntimeError) -> TokenCheck?
}

/// What is wrong with a case, naming file, case and field; nil where nothing is.
package typealias TokenCheck = (EditCase) throws(RuntimeError) -> RuntimeError?

extension DatasetReader {
    package func keys(of field: EditCase.Fields) -> [String] { [] }

    package func tokenCheck(
        of dataset: Experiment.Dataset, for needs: [CaseRequirements.Need],
        _ tokenizer: () throws(RuntimeError) -> Tokenizer
    ) throws(RuntimeError) -> TokenCheck? { nil }

    /// The cases alone.
    package func read(_ dataset: Experiment.Dataset) throws(RuntimeError) -> [EditCase] {
        try read(dataset, ReadingLog(dataset.invalid))
    }
}

/// The formats that can be read.
package enum DatasetReaders {
    package static let all: [any DatasetReader] = [
        CounterFactReader(), ZsREReader(.answer), ZsREReader(.alternative), PairsReader(),
        KnowEditReader(), MarkedGenerationsReader(), TextReader(), TwoHopReader(),
    ]

    package static var names: [String] { all.map(\.name) }

    /// - Throws: `usage` for a name that no reader has.
    package static func named(_ name: String) throws(RuntimeError) -> any DatasetReader {
        guard let reader = all.first(where: { $0.name == name }) else {
            let meant = NearestName.of(name, in: names)
            throw RuntimeError(
                .usage, "there is no dataset format '\(name)'",
                hint: meant.map { "did you mean '\($0)'?" } ?? "the formats are \(names.joined(separator: ", "))")
        }
        return reader
    }

    /// The names of the readers that supply a field.
    package static func supplying(_ field: EditCase.Fields) -> [String] {
        all.filter { $0.provides.isSuperset(of: field) }.map(\.name)
    }
}

extension Experiment.Dataset {
    /// The cases of the file, unchecked against model and components: see ``CaseSelection``.
    package func read() throws(RuntimeError) -> [EditCase] {
        try DatasetReaders.named(name).read(self)
    }
    /// What is put between a prompt and its object: a space, or nothing.
    var joint: String {
        let own = DatasetReaders.all.first { $0.name == name }?.join
        return (join ?? own) == .space ? " " : ""
    }
}
