// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Makes a patch of the difference of two model folders, whoever edited the second one.
///
/// Each changed tensor gets the smallest form that gives its edited numbers back: changed rows where few rows differ; factors where
/// the difference has a low rank, up to what rounding to the stored type has added to it; the whole difference otherwise. Rows and
/// whole differences are exact, in float64. What factors leave out is said.
package struct PatchExtraction {
    /// What was found of one tensor.
    package struct Finding: Sendable, Hashable, Codable {
        package var parameter: String
        package var form: Delta.FormName
        package var rank: Int?
        /// ‖Δ‖
        package var norm: Double
        /// ‖what is left out‖ / ‖Δ‖
        package var error: Double
        /// Numbers that differ from those of the edited model once the patch is applied.
        package var differing: Int
    }

    package struct Report: Sendable, Hashable, Codable {
        package var output: String
        package var findings: [Finding]
        /// Files other than weights that differ, which a patch cannot carry.
        package var otherFiles: [String]
    }

    /// - Parameters:
    ///   - base, edited: model folders with the same tensors.
    ///   - rank: the largest rank of factors; nil: as many as stand out of the rounding.
    ///   - progress: hears how many tensors were compared.
    /// - Throws: `file` where the models have different tensors, `refused` where no weight differs.
    package static func extract(
        base: URL, edited: URL, rank: Int? = nil, to output: URL,
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws(RuntimeError) -> Report {
        try RuntimeError.wrapping { try HostTables.install() }
        try FolderAssembly.prepare(output)
        let model = try StackedModel(opening: base)
        guard model.record == nil else {
            throw RuntimeError(
                .usage, "'\(base.path)' has patches in force, so it is no base", hint: "take the model without them")
        }
        let other = try RuntimeError.wrapping(.file) { try Checkpoint(opening: edited) }
        let configuration = try RuntimeError.wrapping(.file) { try ModelConfiguration(folder: base) }
        var deltas: [Delta] = []
        var changes: [PatchManifest.Change] = []
        var findings: [Finding] = []
        try checkNames(model.checkpoint, other)
        for (number, name) in model.checkpoint.names.enumerated() {
            progress(number, model.checkpoint.names.count)
            let isTransposed = configuration.architecture.storesTransposed(name)
            guard let pair = try TensorPair(name, model.checkpoint, other, isTransposed: isTransposed) else { continue }
            try RuntimeError.wrapping {
                let delta = try pair.delta(rank: rank)
                let tensorBase = try PatchStore.base(of: name, in: model, isTransposed: isTransposed)
                changes.append(try PatchStore.change(delta, of: tensorBase))
                findings.append(try pair.finding(delta, changes[changes.count - 1]))
                deltas.append(delta)
            }
        }
        guard !deltas.isEmpty else {
            throw RuntimeError(
                .refused, "'\(edited.path)' has the same weights as '\(base.path)'", hint: "there is nothing to extract"
            )
        }
        let whole = changes.reduce(0) { $0 + $1.norm * $1.norm }
        let leftOut = findings.reduce(0) { $0 + pow($1.error * $1.norm, 2) }
        try PatchStore.write(
            deltas,
            PatchManifest(
                derivation: PatchDerivation(
                    .extract, error: whole > 0 ? (leftOut / whole).squareRoot() : 0, model: base.path),
                changes: changes, weightsDigest: ""), to: output)
        return Report(
            output: output.standardizedFileURL.path, findings: findings, otherFiles: try otherFiles(base, edited))
    }

    private static func checkNames(_ base: Checkpoint, _ edited: Checkpoint) throws(RuntimeError) {
        guard let name = Set(base.names).symmetricDifference(edited.names).min() else { return }
        let (has, lacks) = base.contains(name) ? (base, edited) : (edited, base)
        throw RuntimeError(
            .file, "'\(has.folder.path)' has the tensor '\(name)', and '\(lacks.folder.path)' does not",
            hint: "extract from a model that was edited, not from another one")
    }

    /// Small files that both have and that differ, and those that one of them lacks.
    private static func otherFiles(_ base: URL, _ edited: URL) throws(RuntimeError) -> [String] {
        func digests(_ folder: URL) throws(RuntimeError) -> [String: String] {
            var digests: [String: String] = [:]
            for name in ["config.json", "generation_config.json", "tokenizer.json", "chat_template.jinja"] {
                let path = folder.appendingPathComponent(name).path
                if FileManager.default.fileExists(atPath: path) { digests[name] = try Digest.ofFile(path) }
            }
            return digests
        }
        let (a, b) = (try digests(base), try digests(edited))
        return Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
    }
}

/// One tensor of both models.
private struct TensorPair {
    let name: String
    /// In float64, `[out, in]` of a matrix.
    let before: Tensor
    let after: Tensor
    let stored: DType

    /// Nil where the bytes are equal.
    init?(_ name: String, _ base: Checkpoint, _ edited: Checkpoint, isTransposed: Bool) throws(RuntimeError) {
        self.name = name
        let (entry, other) = try RuntimeError.wrapping(.file) { (try base.entry(name), try edited.entry(name)) }
        guard entry.shape == other.shape else {
            throw RuntimeError(
                .file,
                "the tensor '\(name)' is \(entry.shape) in '\(base.folder.path)' and \(other.shape) in "
                    + "'\(edited.folder.path)'", hint: "extract from a model that was edited, not from another one")
        }
        guard entry.dtype == other.dtype else {
            throw RuntimeError(
                .file,
                "the tensor '\(name)' is \(DType(stored: entry.dtype)) in '\(base.folder.path)' and "
                    + "\(DType(stored: other.dtype)) in '\(edited.folder.path)'",
                hint: "convert one of them to the type of the other")
        }
        let (bytes, others) = try RuntimeError.wrapping(.file) {
            (try base.bytes(of: name), try edited.bytes(of: name))
        }
        let isEqual = bytes.withUnsafeBytes { a in
            others.withUnsafeBytes { b in
                a.count == b.count && (a.count == 0 || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0)
            }
        }
        guard !isEqual else { return nil }
        stored = DType(stored: entry.dtype)
        guard stored.isFloatingPoint else {
            throw RuntimeError(.refused, "the tensor '\(name)' differs and holds \(stored) and no weights")
        }
        (before, after) = try RuntimeError.wrapping {
            let pair = try (PatchStore.tensor(entry, bytes), PatchStore.tensor(other, others))
            let wide = try (pair.0.cast(to: .float64), pair.1.cast(to: .float64))
            return isTransposed ? try (wide.0.transposed().contiguous(), wide.1.transposed().contiguous()) : wide
        }
        let isFinite = try RuntimeError.wrapping { try after.isAllFinite() }
        guard isFinite else {
            throw RuntimeError(.file, "the tensor '\(name)' of '\(edited.folder.path)' has numbers that are not finite")
        }
    }

    /// The smallest form.
    func delta(rank: Int?) throws -> Delta {
        let difference = try after - before
        let shape = difference.shape
        guard shape.count == 2 else { return Delta(name, .dense(difference)) }
        let size = shape[0] * shape[1]
        let norms = try (difference * difference).sum(1).scalars(as: Double.self)
        let rows = norms.indices.filter { norms[$0] > 0 }
        let rowsSize = rows.count * (shape[1] + 1)
        if rank == nil, rowsSize * 4 < size {
            let numbers = try Tensor(rows)
            return Delta(name, .rows(rows: numbers, values: try difference.indexSelect(0, numbers)))
        }
        let spectrum = try ChangeSpectrum(Delta(name, .dense(difference)), shape: shape)
        let noise = try self.noise()
        let found = max(1, spectrum.values.count { $0 > noise })
        let wanted = min(rank ?? found, found)
        guard rank != nil || wanted * (shape[0] + shape[1]) * 2 < size else { return Delta(name, .dense(difference)) }
        let factors = try spectrum.factors(rank: wanted)
        return Delta(name, .lowRank(left: factors.left, right: factors.right))
    }

    /// The largest singular value that rounding both matrices to the stored type may add: each number is off by up to half a unit in
    /// its last place, evenly; a random matrix with numbers of that size has none beyond σ(√out + √in).
    private func noise() throws -> Double {
        let unit: Double =
            switch stored {
            case .float64: 0x1p-52
            case .float16: 0x1p-10
            case .bfloat16: 0x1p-7
            default: 0x1p-23
            }
        let meanSquare = try (after * after).mean().item()
        let step = meanSquare.squareRoot() * unit / 12.0.squareRoot()
        return 1.5 * step * (Double(after.shape[0]).squareRoot() + Double(after.shape[1]).squareRoot())
    }

    func finding(_ delta: Delta, _ change: PatchManifest.Change) throws -> PatchExtraction.Finding {
        let own = try delta.float64(shape: after.shape)
        let whole = try (after - before).norm().item()
        let lost = try (after - before - own).norm().item()
        let rounded = try (before + own).cast(to: stored).cast(to: .float64)
        let equal = try rounded.equal(after).cast(to: .float64).sum().item()
        return PatchExtraction.Finding(
            parameter: name, form: change.form, rank: change.rank, norm: whole, error: whole > 0 ? lost / whole : 0,
            differing: after.count - Int(equal))
    }
}
