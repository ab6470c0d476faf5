// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// The locations and the patch of one group of cases, kept until the run is done. The locations are written last, so that
/// their file means that both are there.
struct GroupState {
    let folder: URL

    private var locationsFile: URL { folder.appending(path: "locations.json") }
    private var tensorsFile: URL { folder.appending(path: "patch.safetensors") }

    /// Nil where the group is not finished.
    func read() throws -> (locations: [Location], deltas: [Delta])? {
        guard let data = try? Data(contentsOf: locationsFile) else { return nil }
        let state = try JSONDecoder().decode(State.self, from: data)
        let tensors = try TensorFile.read(tensorsFile)
        func tensor(_ name: String) throws -> Tensor {
            guard let tensor = tensors[name] else {
                throw RuntimeError(
                    .run, "\(tensorsFile.path) has no tensor \(name)", hint: "delete the run folder's state and resume")
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
        return (state.locations.map(\.location), deltas)
    }

    func write(_ locations: [Location], _ deltas: [Delta]) throws {
        var tensors: [(name: String, tensor: Tensor)] = []
        var described: [State.StoredDelta] = []
        for (i, delta) in deltas.enumerated() {
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
        try TensorFile.write(tensors, metadata: [:], to: tensorsFile)
        try RunFolder.write(
            State(locations: locations.map(LocationRecord.init), deltas: described), to: locationsFile)
    }

    private struct State: Codable {
        struct StoredDelta: Codable {
            var parameter: String
            var form: String
        }
        var locations: [LocationRecord]
        var deltas: [StoredDelta]
    }
}

/// A location in files.
public struct LocationRecord: Sendable, Hashable, Codable {
    public var caseIndex: Int?
    /// "blocks.3.neurons"
    public var site: String
    public var position: Int?
    public var role: String
    public var unit: Int?
    public var score: Double
    public var isSelected: Bool

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
