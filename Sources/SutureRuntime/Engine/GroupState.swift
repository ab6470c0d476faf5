// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What a method recorded about its work under one stage.
package struct MethodReport: Sendable, Codable {
    package var stage: String
    /// Norms of the intermediate changes; empty for the last stage, whose norms the run itself takes.
    package var weights: [WeightChange]
    package var scores: [ScoreLog.Measured]
}

/// Everything that editing one group of cases gave, kept until the run is done. The description is written last, so that its
/// file means that all is there.
struct GroupState {
    struct Content {
        var locations: [Location] = []
        var deltas: [Delta] = []
        var reports: [MethodReport] = []
        /// What the next group builds on.
        var carried: [String: Tensor] = [:]
    }

    let folder: URL

    private var descriptionFile: URL { folder.appending(path: "group.json") }
    private var patchFile: URL { folder.appending(path: "patch.safetensors") }
    private var carriedFile: URL { folder.appending(path: "carried.safetensors") }

    /// Nil where the group is not finished.
    func read() throws -> Content? {
        guard let data = try? Data(contentsOf: descriptionFile) else { return nil }
        let state = try JSON.decode(State.self, from: data, name: descriptionFile.path)
        let tensors = try TensorFile.read(patchFile)
        func tensor(_ name: String) throws -> Tensor {
            guard let tensor = tensors[name] else {
                throw RuntimeError(
                    .run, "\(patchFile.path) has no tensor \(name)", hint: "delete the run folder's state and resume")
            }
            return tensor
        }
        let deltas = try state.deltas.enumerated().map { i, delta in
            switch delta.form {
            case "low-rank":
                Delta(delta.parameter, .lowRank(left: try tensor("\(i).left"), right: try tensor("\(i).right")))
            case "rows": Delta(delta.parameter, .rows(rows: try tensor("\(i).rows"), values: try tensor("\(i).values")))
            default: Delta(delta.parameter, .dense(try tensor("\(i).values")))
            }
        }
        return Content(
            locations: state.locations.map(\.location), deltas: deltas, reports: state.reports,
            carried: state.carriesOn ? try TensorFile.read(carriedFile) : [:])
    }

    func write(_ content: Content) throws {
        var tensors: [(name: String, tensor: Tensor)] = []
        var described: [State.StoredDelta] = []
        for (i, delta) in content.deltas.enumerated() {
            switch delta.form {
            case .lowRank(let left, let right):
                tensors += [("\(i).left", left), ("\(i).right", right)]
                described.append(State.StoredDelta(parameter: delta.parameter, form: "low-rank"))
            case .rows(let rows, let values):
                tensors += [("\(i).rows", rows), ("\(i).values", values)]
                described.append(State.StoredDelta(parameter: delta.parameter, form: "rows"))
            case .dense(let values):
                tensors.append(("\(i).values", values))
                described.append(State.StoredDelta(parameter: delta.parameter, form: "dense"))
            }
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try TensorFile.write(tensors, metadata: [:], to: patchFile)
        if !content.carried.isEmpty {
            try TensorFile.write(
                content.carried.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }, metadata: [:],
                to: carriedFile)
        }
        let state = State(
            locations: content.locations.map(LocationRecord.init), deltas: described, reports: content.reports,
            carriesOn: !content.carried.isEmpty)
        try RunFolder.write(state, to: descriptionFile)
    }

    private struct State: Codable {
        struct StoredDelta: Codable {
            var parameter: String
            var form: String
        }
        var locations: [LocationRecord]
        var deltas: [StoredDelta]
        var reports: [MethodReport]
        var carriesOn: Bool
    }
}

/// A location in files.
package struct LocationRecord: Sendable, Hashable, Codable {
    package var caseIndex: Int?
    /// "blocks.3.neurons"
    package var site: String
    package var position: Int?
    package var role: String
    package var unit: Int?
    package var score: Double
    package var isSelected: Bool

    enum CodingKeys: String, CodingKey {
        case caseIndex = "case"
        case site, position, role, unit, score
        case isSelected = "selected"
    }

    init(_ location: Location) {
        caseIndex = location.caseIndex
        site = location.site.description
        position = location.position
        role = LocationRecord.name(of: location.role)
        unit = location.unit
        score = location.score
        isSelected = location.isSelected
    }

    var location: Location {
        Location(
            Site(site) ?? .embedding, caseIndex: caseIndex, position: position,
            role: Location.Role.allCases.first { LocationRecord.name(of: $0) == role } ?? .none, unit: unit,
            score: score, isSelected: isSelected)
    }

    private static func name(of role: Location.Role) -> String {
        switch role {
        case .none: "none"
        case .subjectFirst: "subject_first"
        case .subjectLast: "subject_last"
        case .afterSubject: "after_subject"
        case .last: "last"
        case .subjectMiddle: "subject_middle"
        case .further: "further"
        }
    }
}
