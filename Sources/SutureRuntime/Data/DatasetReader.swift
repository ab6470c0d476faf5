// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

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
}
