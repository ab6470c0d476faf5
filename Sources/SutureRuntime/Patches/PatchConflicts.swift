// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What two patches of one model do to each other, as far as it can be known without the model.
package struct PatchConflicts: Sendable, Hashable, Codable {
    /// A weight that both change.
    package struct Shared: Sendable, Hashable, Codable {
        package var parameter: String
        /// The largest cosine between a direction that the first patch reads and one that the second reads (the first principal
        /// angle of the row spaces); nil where a change is a whole matrix or reads more than a quarter of all directions, so that
        /// directions that have nothing to do with each other would meet, too.
        package var keyOverlap: Double?
        /// The same for the directions that they write.
        package var outputOverlap: Double?
        /// ``keyOverlap`` with the second moment of the weight's inputs as the inner product; nil without one.
        package var weightedKeyOverlap: Double?
        /// The rows that both change, where each changes rows alone.
        package var rows: [Int]?
        /// The larger of the shares ‖Δ on these rows‖ / ‖Δ‖ of the two.
        package var rowShare: Double?
    }

    /// Edited cases that cannot both hold, or that are about the same.
    package struct Cases: Sendable, Hashable, Codable {
        package enum Kind: String, Sendable, Hashable, Codable {
            /// The same prompt is to have two answers.
            case oppositeTargets = "opposite targets"
            /// The same prompt is to have the same answer twice.
            case sameEdit = "same edit"
            /// Two facts about one subject.
            case sameSubject = "same subject"
            /// The object of each is the subject of the other.
            case reverse
        }

        package var kind: Kind
        /// The data sets' own names of the cases, and what they say.
        package var first: String
        package var second: String
    }

    package let first: String
    package let second: String
    package let shared: [Shared]
    package let cases: [Cases]
    /// How much the second patch moves what the first one writes at its own keys, as a share of what it writes there:
    /// ‖Δ₂ Δ₁ᵀ‖ / ‖Δ₁ Δ₁ᵀ‖ over all shared weights. And the reverse. Keys are taken for the directions that a change reads.
    package let disturbanceOfFirst: Double
    package let disturbanceOfSecond: Double
    /// The same with second moments C of the inputs, ‖Δ₂ C Δ₁ᵀ‖ / ‖Δ₁ C Δ₁ᵀ‖ over the shared weights that have one; nil where none has.
    package let weightedDisturbanceOfFirst: Double?
    package let weightedDisturbanceOfSecond: Double?

    /// Overlaps and disturbances from which on patches are said to be in each other's way.
    package static let largestOverlap = 0.5
    package static let largestDisturbance = 0.1

    /// - Parameter moments: of the inputs of weights, by their names.
    /// - Throws: `file` for patches of different models.
    init(
        _ a: PatchAlgebra.Source, _ b: PatchAlgebra.Source, moments: [String: Tensor] = [:]
    ) throws(RuntimeError) {
        // Says where they belong to different models.
        _ = try PatchAlgebra.Sum([a, b])
        first = a.reference.name
        second = b.reference.name
        cases = Self.conflicts(a.records.cases, b.records.cases)
        var shared: [Shared] = []
        var (plain, weighted) = (Responses(), Responses())
        for (delta, change) in zip(a.patch.deltas, a.manifest.changes) {
            guard let twin = b.patch.deltas.first(where: { $0.parameter == delta.parameter }) else { continue }
            guard change.shape.count == 2 else {
                shared.append(Shared(parameter: delta.parameter))
                continue
            }
            try RuntimeError.wrapping {
                let moment = moments[delta.parameter]
                shared.append(try Self.shared(delta, twin, change.shape, moment))
                try plain.add(delta, twin, change.shape)
                if let moment { try weighted.add(delta, twin, change.shape, moment) }
            }
        }
        self.shared = shared
        (disturbanceOfFirst, disturbanceOfSecond) = (plain.first ?? 0, plain.second ?? 0)
        (weightedDisturbanceOfFirst, weightedDisturbanceOfSecond) = (weighted.first, weighted.second)
    }

    /// Directions are compared where both changes are factors or rows, and few of them.
    private static func shared(_ a: Delta, _ b: Delta, _ shape: [Int], _ moment: Tensor?) throws -> Shared {
        var shared = Shared(parameter: a.parameter)
        (shared.rows, shared.rowShare) = try a.commonRows(b)
        guard let x = try a.factors(shape: shape), let y = try b.factors(shape: shape),
            max(x.left.shape[1], y.left.shape[1]) * 4 <= shape.min() ?? 0
        else { return shared }
        let (first, second) = try (ChangeSpectrum(a, shape: shape), ChangeSpectrum(b, shape: shape))
        shared.keyOverlap = try first.overlap(with: second) { $0.vTransposed }
        shared.outputOverlap = try first.overlap(with: second) { try $0.u.transposed() }
        if let moment { shared.weightedKeyOverlap = try first.keyOverlap(with: second, under: moment) }
        return shared
    }

    /// What is in the way, as sentences; empty where nothing is.
    package var sentences: [String] {
        var sentences = cases.filter { $0.kind != .sameEdit }.map { one in
            "'\(first)' and '\(second)' have \(one.kind == .reverse ? "a fact and its reverse" : one.kind.rawValue): "
                + "\"\(one.first)\" and \"\(one.second)\""
        }
        for one in shared {
            if let overlap = one.weightedKeyOverlap ?? one.keyOverlap, overlap >= Self.largestOverlap {
                sentences.append(
                    "'\(first)' and '\(second)' read nearly the same direction of '\(one.parameter)' "
                        + "(cosine \(Figures.text(overlap)))")
            }
            if let rows = one.rows, let share = one.rowShare, share >= Self.largestDisturbance {
                let some = rows.prefix(5).map(String.init).joined(separator: ", ") + (rows.count > 5 ? ", …" : "")
                sentences.append(
                    "'\(first)' and '\(second)' both change \(rows.count) row\(rows.count == 1 ? "" : "s") of "
                        + "'\(one.parameter)': \(some)")
            }
        }
        let (ofFirst, ofSecond) = (
            weightedDisturbanceOfFirst ?? disturbanceOfFirst, weightedDisturbanceOfSecond ?? disturbanceOfSecond
        )
        for (mover, moved, share) in [(second, first, ofFirst), (first, second, ofSecond)]
        where share >= Self.largestDisturbance {
            sentences.append("'\(mover)' moves what '\(moved)' writes by \(Figures.text(share * 100)) %")
        }
        return sentences
    }

    /// All pairs of some patches.
    ///
    /// - Parameter statistics: what ``KeyMoments`` reads second moments from; nil: none are used.
    package static func all(_ folders: [URL], statistics: String? = nil) throws(RuntimeError) -> [PatchConflicts] {
        let sources = try folders.map { (folder) throws(RuntimeError) in try PatchAlgebra.Source(folder) }
        let changes = sources.flatMap(\.manifest.changes)
        let moments =
            try statistics.map { (place) throws(RuntimeError) in try KeyMoments.of(changes, from: place) } ?? [:]
        var pairs: [PatchConflicts] = []
        for (place, one) in sources.enumerated() {
            for other in sources[(place + 1)...] { pairs.append(try PatchConflicts(one, other, moments: moments)) }
        }
        return pairs
    }

    /// A line for each pair, for people.
    package static func table(_ pairs: [PatchConflicts]) -> TextTable {
        let isWeighted = pairs.contains { $0.weightedDisturbanceOfFirst != nil }
        let hasRows = pairs.contains { $0.shared.contains { $0.rows != nil } }
        func percent(_ share: Double?) -> String { share.map { "\(Figures.text($0 * 100)) %" } ?? "–" }
        var header = ["first", "second", "weights of both", "keys", "outputs", "moves first", "moves second"]
        if isWeighted { header += ["keys (C)", "moves first (C)", "moves second (C)"] }
        if hasRows { header.append("rows of both") }
        header.append("cases that meet")
        return TextTable(
            header: header,
            rows: pairs.map { pair in
                func largest(_ overlap: (Shared) -> Double?) -> String {
                    pair.shared.compactMap(overlap).max().map(Figures.text) ?? "–"
                }
                var row = [
                    pair.first, pair.second, String(pair.shared.count), largest(\.keyOverlap), largest(\.outputOverlap),
                    percent(pair.disturbanceOfFirst), percent(pair.disturbanceOfSecond),
                ]
                if isWeighted {
                    row += [
                        largest(\.weightedKeyOverlap), percent(pair.weightedDisturbanceOfFirst),
                        percent(pair.weightedDisturbanceOfSecond),
                    ]
                }
                if hasRows { row.append(String(pair.shared.reduce(0) { $0 + ($1.rows?.count ?? 0) })) }
                return row + [String(pair.cases.count)]
            }, numeric: Set(2..<header.count))
    }
}
