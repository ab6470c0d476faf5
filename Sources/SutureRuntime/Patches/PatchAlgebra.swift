// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Patches made of patches: their sum, their difference, and a multiple of one. No model is read; the digests of the tensors that
/// they belong to say whether they fit each other.
package enum PatchAlgebra {
    /// Several patches of one model as one, which changes each weight by the sum of their changes.
    ///
    /// Without a rank nothing is rounded: factors and rows are put side by side, and unlike forms make a dense change in float64.
    ///
    /// - Parameter rank: the largest rank of the factors of a matrix; what is left out is said in ``PatchDerivation/error``.
    /// - Throws: `usage` for a patch that is there twice, `file` for patches of different models, `refused` where the sum is nothing.
    @discardableResult
    package static func merge(
        _ folders: [URL], rank: Int? = nil, to output: URL
    ) throws(RuntimeError) -> PatchManifest {
        let patches = try folders.map { (folder) throws(RuntimeError) in try Source(folder) }
        for (place, one) in patches.enumerated()
        where patches[..<place].contains(where: { $0.reference.digest == one.reference.digest }) {
            throw RuntimeError(
                .usage, "the patch '\(folders[place].path)' is there twice", hint: "to double a patch, scale it by 2")
        }
        var sum = try Sum(patches)
        let error = try rank.map { (rank) throws(RuntimeError) in try sum.compress(to: rank) }
        return try write(
            sum, PatchDerivation(.merge, of: patches.map(\.reference), error: error, model: patches[0].manifest.model),
            patches: patches, to: output)
    }

    /// A patch with all of its changes multiplied.
    ///
    /// - Throws: `usage` for a factor that is 0 or not finite.
    @discardableResult
    package static func scale(_ folder: URL, by factor: Double, to output: URL) throws(RuntimeError) -> PatchManifest {
        guard factor.isFinite, factor != 0 else {
            throw RuntimeError(
                .usage, "a patch cannot be multiplied by \(Figures.exact(factor))", hint: "give a number that is not 0")
        }
        let patch = try Source(folder)
        return try write(
            try Sum([patch], factors: [factor]),
            PatchDerivation(.scale, of: [patch.reference], factor: factor, model: patch.manifest.model),
            patches: [patch], to: output)
    }

    /// What turns the first patch into the second.
    @discardableResult
    package static func difference(_ first: URL, _ second: URL, to output: URL) throws(RuntimeError) -> PatchManifest {
        let patches = try [first, second].map { (folder) throws(RuntimeError) in try Source(folder) }
        return try write(
            try Sum(patches, factors: [-1, 1]),
            PatchDerivation(.diff, of: patches.map(\.reference), model: patches[0].manifest.model),
            patches: patches, to: output)
    }

    // MARK: Parts

    /// A patch and what it is called.
    struct Source {
        var patch: StoredPatch
        var records: PatchRecords
        var reference: PatchReference
        var manifest: PatchManifest { patch.manifest }

        init(_ folder: URL) throws(RuntimeError) {
            patch = try PatchStore.read(folder)
            records = try PatchRecords(folder, patch.manifest)
            reference = PatchReference(
                name: PatchName.proposed(for: folder, patch.manifest), digest: patch.manifest.identity)
        }

        /// A patch of a stack, under its name there.
        init(_ member: PatchStack.Member) throws(RuntimeError) {
            patch = member.patch
            records = try PatchRecords(member.place, member.patch.manifest)
            reference = member.reference
        }
    }

    /// The sum of several patches' changes, parameter by parameter.
    struct Sum {
        private(set) var deltas: [Delta] = []
        private(set) var bases: [PatchManifest.Base] = []
        /// Of each parameter, the sum of the norms of what was added.
        private var sizes: [Double] = []

        /// Whether a norm of a sum is nothing but rounding, because the changes of a parameter cancel each other.
        func isNothing(_ norm: Double, at place: Int) -> Bool { norm <= 1e-7 * sizes[place] }

        /// - Parameter factors: of the patches; all 1 where they are left out.
        init(_ patches: [Source], factors: [Double]? = nil) throws(RuntimeError) {
            for (number, source) in patches.enumerated() {
                for (delta, change) in zip(source.patch.deltas, source.manifest.changes) {
                    let own = try RuntimeError.wrapping { try delta.multiplied(by: factors?[number] ?? 1) }
                    guard let place = deltas.firstIndex(where: { $0.parameter == delta.parameter }) else {
                        deltas.append(own)
                        bases.append(change.base)
                        sizes.append(change.norm * abs(factors?[number] ?? 1))
                        continue
                    }
                    guard bases[place].digest == change.base.digest else {
                        throw RuntimeError(
                            .file,
                            "the patches '\(patches[0].reference.name)' and '\(source.reference.name)' belong to different "
                                + "models: they were made for other numbers of '\(delta.parameter)'",
                            hint: "take patches of one model")
                    }
                    sizes[place] += change.norm * abs(factors?[number] ?? 1)
                    deltas[place] = try RuntimeError.wrapping {
                        try deltas[place].adding(own, storedAs: change.shape)
                    }
                }
            }
        }

        /// Brings the change of every matrix to a rank, where it has more.
        ///
        /// - Returns: ‖what was left out‖ / ‖Δ‖.
        mutating func compress(to rank: Int) throws(RuntimeError) -> Double {
            var (leftOut, whole) = (0.0, 0.0)
            for place in deltas.indices {
                let shape = bases[place].weightShape
                try RuntimeError.wrapping {
                    let norm = try deltas[place].norm(shape: shape)
                    whole += norm * norm
                    guard shape.count == 2 else { return }
                    let spectrum = try ChangeSpectrum(deltas[place], shape: shape)
                    let (left, right, lost) = try spectrum.factors(rank: min(rank, max(spectrum.rank, 1)))
                    leftOut += lost * lost
                    deltas[place].form = .lowRank(
                        left: try left.cast(to: .float32), right: try right.cast(to: .float32))
                }
            }
            return whole > 0 ? (leftOut / whole).squareRoot() : 0
        }
    }

    /// The patches that all of these were made on, without themselves.
    private static func needed(by patches: [Source]) -> [PatchReference] {
        var needed: [PatchReference] = []
        for reference in patches.flatMap({ $0.manifest.madeOn ?? [] }) {
            guard !patches.contains(where: { $0.reference.digest == reference.digest }),
                !needed.contains(where: { $0.digest == reference.digest })
            else { continue }
            needed.append(reference)
        }
        return needed
    }

    private static func write(
        _ sum: Sum, _ derivation: PatchDerivation, patches: [Source], to output: URL
    ) throws(RuntimeError) -> PatchManifest {
        let changes = try RuntimeError.wrapping { try zip(sum.deltas, sum.bases).map(PatchStore.change) }
        let kept = changes.indices.filter { !sum.isNothing(changes[$0].norm, at: $0) }
        guard !kept.isEmpty else {
            throw RuntimeError(.refused, "nothing is left: the changes cancel each other")
        }
        try FolderAssembly.prepare(output)
        var description = PatchManifest(
            derivation: derivation, changes: kept.map { changes[$0] }, madeOn: needed(by: patches), weightsDigest: "")
        description.tokenizer = patches[0].manifest.tokenizer
        // The figures of a run are not those of a sum or a multiple, but the cases of a sum are those of its parts.
        var cases = derivation.operation == .merge ? patches.flatMap(\.records.cases) : []
        for index in cases.indices { cases[index].index = index }
        return try PatchStore.write(
            kept.map { sum.deltas[$0] }, description, PatchRecords(cases: cases), to: output)
    }
}

extension Delta {
    /// The change times a number: of factors, the left one.
    func multiplied(by factor: Double) throws(SutureError) -> Delta {
        guard factor != 1 else { return self }
        switch form {
        case .lowRank(let left, let right): return Delta(parameter, .lowRank(left: try left * factor, right: right))
        case .rows(let rows, let values): return Delta(parameter, .rows(rows: rows, values: try values * factor))
        case .dense(let values): return Delta(parameter, .dense(try values * factor))
        case .extension(let extra): throw extra.isUnknown
        }
    }
}
