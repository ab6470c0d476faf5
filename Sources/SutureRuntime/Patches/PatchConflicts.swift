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

    /// Overlaps and disturbances from which on patches are said to be in each other's way.
    package static let largestOverlap = 0.5
    package static let largestDisturbance = 0.1

    /// - Throws: `file` for patches of different models.
    init(_ a: PatchAlgebra.Source, _ b: PatchAlgebra.Source) throws(RuntimeError) {
        // Says where they belong to different models.
        _ = try PatchAlgebra.Sum([a, b])
        first = a.reference.name
        second = b.reference.name
        cases = Self.conflicts(a.records.cases, b.records.cases)
        var shared: [Shared] = []
        // ‖Δ₁Δ₁ᵀ‖², ‖Δ₂Δ₂ᵀ‖² and ‖Δ₁Δ₂ᵀ‖².
        var (own, other, cross) = (0.0, 0.0, 0.0)
        for (delta, change) in zip(a.patch.deltas, a.manifest.changes) {
            guard let twin = b.patch.deltas.first(where: { $0.parameter == delta.parameter }) else { continue }
            guard change.shape.count == 2 else {
                shared.append(Shared(parameter: delta.parameter))
                continue
            }
            try RuntimeError.wrapping {
                shared.append(try Self.shared(delta, twin, change.shape))
                own += try delta.response(to: delta, change.shape)
                other += try twin.response(to: twin, change.shape)
                cross += try delta.response(to: twin, change.shape)
            }
        }
        self.shared = shared
        disturbanceOfFirst = own > 0 ? (cross / own).squareRoot() : 0
        disturbanceOfSecond = other > 0 ? (cross / other).squareRoot() : 0
    }

    /// Directions are compared where both changes are factors or rows, and few of them.
    private static func shared(_ a: Delta, _ b: Delta, _ shape: [Int]) throws -> Shared {
        guard let x = try a.factors(shape: shape), let y = try b.factors(shape: shape),
            max(x.left.shape[1], y.left.shape[1]) * 4 <= shape.min() ?? 0
        else { return Shared(parameter: a.parameter) }
        let (first, second) = try (ChangeSpectrum(a, shape: shape), ChangeSpectrum(b, shape: shape))
        return Shared(
            parameter: a.parameter, keyOverlap: try first.overlap(with: second) { $0.vTransposed },
            outputOverlap: try first.overlap(with: second) { try $0.u.transposed() })
    }

    /// The cases that meet.
    private static func conflicts(_ a: [EditCase], _ b: [EditCase]) -> [Cases] {
        // Case and blanks make no other prompt.
        func folded(_ text: String) -> String {
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
        }
        func said(_ one: EditCase) -> String {
            "\(one.id): \(one.filledPrompt) → \(one.targetNew.isEmpty ? one.answer : one.targetNew)"
        }
        let bySubject = Dictionary(grouping: b.filter { !$0.subject.isEmpty }) { folded($0.subject) }
        let byPrompt = Dictionary(grouping: b) { folded($0.filledPrompt) }
        let byTarget = Dictionary(grouping: b.filter { !$0.targetNew.isEmpty }) { folded($0.targetNew) }
        return a.flatMap { one -> [Cases] in
            let samePrompt = (byPrompt[folded(one.filledPrompt)] ?? []).map { other in
                let isSame =
                    folded(one.targetNew) == folded(other.targetNew) && folded(one.answer) == folded(other.answer)
                return Cases(kind: isSame ? .sameEdit : .oppositeTargets, first: said(one), second: said(other))
            }
            guard !one.subject.isEmpty else { return samePrompt }
            let sameSubject = (bySubject[folded(one.subject)] ?? [])
                .filter { folded($0.filledPrompt) != folded(one.filledPrompt) }
                .map { Cases(kind: .sameSubject, first: said(one), second: said($0)) }
            let reverse = (byTarget[folded(one.subject)] ?? [])
                .filter { folded($0.subject) == folded(one.targetNew) }
                .map { Cases(kind: .reverse, first: said(one), second: said($0)) }
            return samePrompt + sameSubject + reverse
        }
    }

    /// What is in the way, as sentences; empty where nothing is.
    package var sentences: [String] {
        var sentences = cases.filter { $0.kind != .sameEdit }.map { one in
            "'\(first)' and '\(second)' have \(one.kind == .reverse ? "a fact and its reverse" : one.kind.rawValue): "
                + "\"\(one.first)\" and \"\(one.second)\""
        }
        for one in shared {
            guard let overlap = one.keyOverlap, overlap >= Self.largestOverlap else { continue }
            sentences.append(
                "'\(first)' and '\(second)' read nearly the same direction of '\(one.parameter)' (cosine \(Figures.text(overlap)))"
            )
        }
        for (mover, moved, share) in [(second, first, disturbanceOfFirst), (first, second, disturbanceOfSecond)]
        where share >= Self.largestDisturbance {
            sentences.append("'\(mover)' moves what '\(moved)' writes by \(Figures.text(share * 100)) %")
        }
        return sentences
    }

    /// All pairs of some patches.
    package static func all(_ folders: [URL]) throws(RuntimeError) -> [PatchConflicts] {
        let sources = try folders.map { (folder) throws(RuntimeError) in try PatchAlgebra.Source(folder) }
        var pairs: [PatchConflicts] = []
        for (place, one) in sources.enumerated() {
            for other in sources[(place + 1)...] { pairs.append(try PatchConflicts(one, other)) }
        }
        return pairs
    }

    /// A line for each pair, for people.
    package static func table(_ pairs: [PatchConflicts]) -> TextTable {
        TextTable(
            header: [
                "first", "second", "weights of both", "keys", "outputs", "moves first", "moves second",
                "cases that meet",
            ],
            rows: pairs.map { pair in
                func largest(_ overlap: (Shared) -> Double?) -> String {
                    pair.shared.compactMap(overlap).max().map(Figures.text) ?? "–"
                }
                return [
                    pair.first, pair.second, String(pair.shared.count), largest(\.keyOverlap), largest(\.outputOverlap),
                    "\(Figures.text(pair.disturbanceOfFirst * 100)) %",
                    "\(Figures.text(pair.disturbanceOfSecond * 100)) %",
                    String(pair.cases.count),
                ]
            }, numeric: [2, 3, 4, 5, 6, 7])
    }
}

extension ChangeSpectrum {
    /// The largest cosine between directions of two changes; nil where one of them is 0.
    ///
    /// - Parameter side: the rows that span the space.
    fileprivate func overlap(with other: ChangeSpectrum, of side: (ChangeSpectrum) throws -> Tensor) throws -> Double? {
        guard rank > 0, other.rank > 0 else { return nil }
        let (a, b) = try (side(self).sliced(0, 0..<rank), side(other).sliced(0, 0..<other.rank))
        return try a.matmul(b.transposed()).svd().s.scalars(as: Double.self).first
    }
}

extension Delta {
    /// ‖Δ₁ Δ₂ᵀ‖²: what one change writes at the keys of another, both by their strength. No matrix is made that is larger than the
    /// weight or than the square of its input.
    fileprivate func response(to other: Delta, _ shape: [Int]) throws -> Double {
        let (a, b) = try (wide(), other.wide())
        // ‖L M‖² = Σ (LᵀL ∘ M Mᵀ)
        func norm(_ left: Tensor, _ m: Tensor) throws -> Double {
            try (left.transposed().matmul(left) * m.matmul(m.transposed())).sum().item()
        }
        switch (try a.factors(shape: shape), try b.factors(shape: shape)) {
        case (let x?, let y?):
            return try norm(x.left, x.right.matmul(y.right.transposed()).matmul(y.left.transposed()))
        case (let x?, nil): return try norm(x.left, x.right.matmul(b.dense(shape: shape).transposed()))
        case (nil, let y?): return try norm(y.left, y.right.matmul(a.dense(shape: shape).transposed()))
        case (nil, nil):
            func gram(_ one: Delta) throws -> Tensor {
                let whole = try one.dense(shape: shape)
                return try whole.transposed().matmul(whole)
            }
            return try (gram(a) * gram(b)).sum().item()
        }
    }
}
