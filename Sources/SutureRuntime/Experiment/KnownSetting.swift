// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Experiment.Dataset.Known {
    /// Reads `dataset.known` of an experiment file.
    ///
    /// - Parameter format: the name of the dataset's format, which has to have what is asked about.
    init(_ node: ConfigNode, path: String, format: String) throws(RuntimeError) {
        try self.init(node, path: path, kind: .usage)
        let reader = try DatasetReaders.named(format)
        for (key, degree, needs) in [
            ("answer", answer, EditCase.Fields.targetTrue), ("neighbors", neighbors, .neighbors),
        ]
        where degree != .any && !reader.provides.isSuperset(of: needs) {
            throw RuntimeError(
                .usage,
                "\(node.place): \(path).\(key) asks about \(needs.names.joined()), which '\(format)' does not have",
                hint: "use \(DatasetReaders.supplying(needs).joined(separator: ", ")), or leave it out")
        }
    }

    /// Reads it from a file of a run as well.
    init(_ node: ConfigNode, path: String, kind: RuntimeError.Kind) throws(RuntimeError) {
        let section = try ConfigReader(node, path: path, keys: ["answer", "neighbors"], kind: kind)
        let names = Degree.allCases.map(\.rawValue)
        answer = try section.choice("answer", of: names).flatMap(Degree.init) ?? .any
        neighbors = try section.choice("neighbors", of: names).flatMap(Degree.init) ?? .any
    }

    /// As files hold it.
    var value: ConfigValue {
        .mapping([("answer", .text(answer.rawValue)), ("neighbors", .text(neighbors.rawValue))])
    }
}
