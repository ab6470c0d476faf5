// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What a method recorded about its work under one stage.
package struct MethodReport: Sendable, Codable {
    package var stage: String
    /// Norms of the intermediate changes; empty for the last stage, whose norms the run itself takes.
    package var weights: [WeightChange]
    package var scores: [Score]

    package init(stage: String, weights: [WeightChange], scores: [Score]) {
        self.stage = stage
        self.weights = weights
        self.scores = scores
    }
}

/// Everything that editing one group of cases gave, kept until the run is done. The description is written last, so that its
/// file means that all is there.
package struct GroupState {
    package struct Content {
        package var locations: [Location] = []
        package var deltas: [Delta] = []
        package var reports: [MethodReport] = []
        /// What the next group builds on.
        package var carried: [String: Tensor] = [:]

        package init(
            locations: [Location] = [], deltas: [Delta] = [], reports: [MethodReport] = [],
            carried: [String: Tensor] = [:]
        ) {
            self.locations = locations
            self.deltas = deltas
            self.reports = reports
            self.carried = carried
        }
    }

    package let folder: URL

    package init(folder: URL) { self.folder = folder }

    private var descriptionFile: URL { folder.appending(path: "group.json") }
    private var patchFile: URL { folder.appending(path: "patch.safetensors") }
    private var carriedFile: URL { folder.appending(path: "carried.safetensors") }

    /// Nil where the group is not finished.
    package func read() throws -> Content? {
        guard let state = try SealedFile.read(State.self, from: descriptionFile) else { return nil }
        return try SealedFile.readingState { try content(state) }
    }

    private func content(_ state: State) throws -> Content {
        let tensors = try TensorFile.read(patchFile)
        func tensor(_ name: String) throws -> Tensor {
            guard let tensor = tensors[name] else {
                throw RuntimeError(.file, "\(patchFile.path) has no tensor \(name)")
            }
            return tensor
        }
        let deltas = try state.deltas.enumerated().map { i, delta in
            try Delta(delta.parameter, delta.form) { try tensor("\(i).\($0)") }
        }
        return Content(
            locations: state.locations, deltas: deltas, reports: state.reports,
            carried: state.carriesOn ? try TensorFile.read(carriedFile) : [:])
    }

    package func write(_ content: Content) throws {
        var tensors: [(name: String, tensor: Tensor)] = []
        var described: [State.StoredDelta] = []
        for (i, delta) in content.deltas.enumerated() {
            guard let form = delta.form.name else { throw PatchCheck.unknownForm(of: delta) }
            tensors += zip(form.parts, delta.tensors).map { ("\(i).\($0)", $1) }
            described.append(State.StoredDelta(parameter: delta.parameter, form: form))
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try TensorFile.write(tensors, to: patchFile)
        if !content.carried.isEmpty {
            try TensorFile.write(
                content.carried.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }, to: carriedFile)
        }
        let state = State(
            locations: content.locations, deltas: described, reports: content.reports,
            carriesOn: !content.carried.isEmpty)
        try SealedFile.write(state, to: descriptionFile)
    }

    private struct State: Codable {
        struct StoredDelta: Codable {
            var parameter: String
            var form: Delta.FormName
        }
        var locations: [Location]
        var deltas: [StoredDelta]
        var reports: [MethodReport]
        var carriesOn: Bool
    }
}
