// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// A patch as it was read.
package struct StoredPatch: Sendable {
    /// One for each entry of the manifest, with its tensors on the CPU.
    package let deltas: [Delta]
    package let manifest: PatchManifest
}

/// Patches as folders: `patch.safetensors` with the factors as they were found, and `patch.json`.
package enum PatchStore {
    /// Writes a patch. The folder appears whole or not at all; a patch that is there already is replaced.
    ///
    /// Several changes of one parameter, as sequential edits make them, are kept as one, with nothing rounded.
    ///
    /// - Parameters:
    ///   - origin: the run that made it.
    ///   - model: the model that the patch belongs to, as the run has read it.
    ///   - over: the patches that lay over it, in order, besides those in force in its folder.
    ///   - records: what it carries of the run.
    ///   - evaluation: how the figures of the records were measured.
    ///   - isTransposed: whether the checkpoint stores a parameter as `[in, out]`.
    /// - Returns: what was written to `patch.json`.
    /// - Throws: `refused` for a patch that does not fit the model, is not finite or changes nothing.
    @discardableResult
    package static func write(
        _ patch: Patch, origin: PatchManifest.Origin, model: StackedModel, over overlays: [PatchReference] = [],
        records: PatchRecords = .none, evaluation: PatchManifest.Evaluation? = nil, isTransposed: (String) -> Bool,
        to folder: URL
    ) throws(RuntimeError) -> PatchManifest {
        try RuntimeError.wrapping { try HostTables.install() }
        var deltas: [Delta] = []
        var changes: [PatchManifest.Change] = []
        for delta in patch.deltas {
            let shape = try shape(
                of: delta.parameter, in: model.checkpoint, isTransposed: isTransposed(delta.parameter))
            try delta.check(shape: shape)
            guard let index = deltas.firstIndex(where: { $0.parameter == delta.parameter }) else {
                deltas.append(delta)
                continue
            }
            deltas[index] = try RuntimeError.wrapping { try deltas[index].adding(delta, storedAs: shape) }
        }
        for delta in deltas {
            changes.append(try change(delta, model, isTransposed: isTransposed(delta.parameter)))
        }
        guard changes.contains(where: { $0.norm > 0 }) else {
            throw RuntimeError(
                .refused, "the patch changes nothing: \(changes.isEmpty ? "it is empty" : "all of its numbers are 0")",
                hint: "look at the method's settings and at what its locator selected")
        }
        var description = PatchManifest(
            origin: origin, changes: changes, madeOn: (model.record?.members ?? []).map(\.reference) + overlays,
            weightsDigest: "")
        description.tokenizer = try model.tokenizer()
        description.evaluation = evaluation
        return try write(deltas, description, records, to: folder)
    }

    /// Writes a patch whose description is known but for the digests.
    ///
    /// - Parameters:
    ///   - deltas: one for each change of the description.
    ///   - description: of the patch.
    ///   - records: what it carries beside the changes.
    /// - Returns: what was written to `patch.json`.
    @discardableResult
    static func write(
        _ deltas: [Delta], _ description: PatchManifest, _ records: PatchRecords = .none, to folder: URL
    ) throws(RuntimeError) -> PatchManifest {
        let tensors = try RuntimeError.wrapping { try deltas.flatMap { try stored($0) } }
        return try RuntimeError.wrapping {
            var manifest: PatchManifest?
            let isThere = FileManager.default.fileExists(
                atPath: folder.appendingPathComponent(PatchManifest.fileName).path)
            try FolderAssembly.assemble(at: folder, replaces: isThere) { partial in
                let weights = partial.appendingPathComponent(PatchManifest.weightsName)
                // Wide types first, so that readers find every tensor aligned.
                let ordered = tensors.enumerated().sorted {
                    ($1.element.dtype.byteCount, $0.offset) < ($0.element.dtype.byteCount, $1.offset)
                }
                try SafetensorsWriter.write(ordered.map(\.element), to: weights)
                var written = description
                let files = try records.write(to: partial)
                written.records = files.isEmpty ? nil : files
                written.weightsDigest = try Digest.ofFile(weights.path)
                written = try written.sealed()
                try Data(try written.json.utf8).write(to: partial.appendingPathComponent(PatchManifest.fileName))
                manifest = written
            }
            guard let manifest else { throw RuntimeError(.run, "the patch was not written to '\(folder.path)'") }
            return manifest
        }
    }

    /// Reads a patch with its factors, as tensors on the CPU.
    ///
    /// - Throws: `file` for a folder that is not a patch, and for factors that are not those of its `patch.json`.
    package static func read(_ folder: URL) throws(RuntimeError) -> StoredPatch {
        try RuntimeError.wrapping { try HostTables.install() }
        let manifest = try PatchManifest(folder: folder)
        let path = folder.appendingPathComponent(PatchManifest.weightsName)
        guard FileManager.default.fileExists(atPath: path.path) else {
            throw RuntimeError(
                .file, "the patch '\(folder.path)' has no \(PatchManifest.weightsName)",
                hint: "take it from the run again")
        }
        let file = try RuntimeError.wrapping(.file) { try SafetensorsFile(opening: path) }
        guard file.allBytes.withUnsafeBytes({ Digest.of($0) }) == manifest.weightsDigest else {
            throw RuntimeError(
                .file, "'\(path.path)' is not the file that \(PatchManifest.fileName) describes: its digest differs",
                hint: "take both files from the run again")
        }
        var deltas: [Delta] = []
        for change in manifest.changes {
            let delta = try RuntimeError.wrapping(.file) {
                try Delta(change.parameter, change.form) { try tensor("\(change.parameter).\($0)", of: file) }
            }
            do {
                try delta.check(shape: change.shape)
            } catch {
                throw RuntimeError(.file, "the patch '\(folder.path)' is damaged: \(error.message)")
            }
            deltas.append(delta)
        }
        return StoredPatch(deltas: deltas, manifest: manifest)
    }

    // MARK: Parts

    /// The shape `[out, in]` of a parameter.
    private static func shape(
        of parameter: String, in checkpoint: Checkpoint, isTransposed: Bool
    ) throws(RuntimeError) -> [Int] {
        guard checkpoint.contains(parameter) else {
            throw RuntimeError(
                .refused, "the patch changes '\(parameter)', which the model '\(checkpoint.folder.path)' does not have",
                hint: "`suture model inspect` lists the parameters")
        }
        let entry = try RuntimeError.wrapping { try checkpoint.entry(parameter) }
        guard entry.dtype.isFloatingPoint else {
            throw RuntimeError(
                .refused, "the patch changes '\(parameter)', which holds \(DType(stored: entry.dtype)) and no weights")
        }
        return isTransposed ? entry.shape.reversed() : entry.shape
    }

    private static func change(
        _ delta: Delta, _ model: StackedModel, isTransposed: Bool
    ) throws(RuntimeError) -> PatchManifest.Change {
        try RuntimeError.wrapping {
            try change(delta, of: try base(of: delta.parameter, in: model, isTransposed: isTransposed))
        }
    }

    /// What a description says of the tensor that a change belongs to.
    static func base(
        of parameter: String, in model: StackedModel, isTransposed: Bool
    ) throws -> PatchManifest.Base {
        let checkpoint = model.checkpoint
        let entry = try checkpoint.entry(parameter)
        let bytes = try model.baseBytes(of: parameter)
        return PatchManifest.Base(
            file: try checkpoint.file(of: parameter).url.lastPathComponent, dtype: entry.dtype.rawValue,
            shape: entry.shape, isTransposed: isTransposed, digest: bytes.withUnsafeBytes { Digest.of($0) },
            norm: try tensor(entry, bytes).cast(to: .float64).norm().item())
    }

    /// What a description says of a change.
    static func change(_ delta: Delta, of base: PatchManifest.Base) throws -> PatchManifest.Change {
        guard let form = delta.form.name else { throw PatchCheck.unknownForm(of: delta) }
        let rank: Int? =
            switch delta.form {
            case .lowRank(let left, _): left.shape[1]
            case .rows(let rows, _): rows.count
            case .dense, .extension: nil
            }
        let shape = base.weightShape
        let dtype = delta.tensors.first { $0.dtype.isFloatingPoint }?.dtype ?? .float32
        return PatchManifest.Change(
            parameter: delta.parameter, form: form, rank: rank, dtype: dtype.description, shape: shape,
            norm: try delta.norm(shape: shape), base: base)
    }

    private static func stored(_ delta: Delta) throws -> [SafetensorsWriter.Tensor] {
        guard let form = delta.form.name else { throw PatchCheck.unknownForm(of: delta) }
        return try zip(form.parts, delta.tensors).map { part, tensor in
            let bytes = try tensor.cast(device: .cpu).contiguous().bytes()
            return SafetensorsWriter.Tensor(
                name: "\(delta.parameter).\(part)", dtype: tensor.dtype.stored, shape: tensor.shape,
                bytes: TensorBytes(bytes))
        }
    }

    /// A tensor of a file, copied.
    static func tensor(_ name: String, of file: SafetensorsFile) throws -> Tensor {
        try tensor(try file.entry(name), try file.bytes(of: name))
    }

    static func tensor(_ entry: TensorEntry, _ bytes: TensorBytes) throws -> Tensor {
        try bytes.withUnsafeBytes { try Tensor(bytes: $0, shape: entry.shape, dtype: DType(stored: entry.dtype)) }
    }
}
