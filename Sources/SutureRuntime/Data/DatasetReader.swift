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
    /// Reads the cases that the dataset's conditions, offset and limit choose, in this order. Indices count from 0.
    ///
    /// - Throws: `file`, naming file, case and field; `usage` for conditions that no record meets.
    func read(_ dataset: Experiment.Dataset) throws(RuntimeError) -> [EditCase]
    /// Checks what the model's tokenizer makes of the cases, as far as the components of a run rely on it. Most formats have
    /// nothing to check.
    ///
    /// - Parameters:
    ///   - cases: what ``read(_:)`` gave for the dataset.
    ///   - tokenizer: reads it; called where there is something to check.
    /// - Throws: `file`, naming file, case and field.
    func check(
        _ cases: [EditCase], of dataset: Experiment.Dataset, for needs: [CaseRequirements.Need],
        _ tokenizer: () throws(RuntimeError) -> Tokenizer) throws(RuntimeError)
}

extension DatasetReader {
    package func check(
        _ cases: [EditCase], of dataset: Experiment.Dataset, for needs: [CaseRequirements.Need],
        _ tokenizer: () throws(RuntimeError) -> Tokenizer
    ) throws(RuntimeError) {}
}

/// The formats that can be read.
package enum DatasetReaders {
    package static let all: [any DatasetReader] = [
        CounterFactReader(), ZsREReader(.answer), ZsREReader(.alternative), PairsReader(),
        MarkedGenerationsReader(), TextReader(), TwoHopReader(),
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
    /// The cases of the run.
    package func read() throws(RuntimeError) -> [EditCase] {
        try DatasetReaders.named(name).read(self)
    }

    /// ``DatasetReader/check(_:of:for:_:)``
    package func check(
        _ cases: [EditCase], for needs: [CaseRequirements.Need], _ tokenizer: () throws(RuntimeError) -> Tokenizer
    ) throws(RuntimeError) {
        try DatasetReaders.named(name).check(cases, of: self, for: needs, tokenizer)
    }
}
