// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// A model folder, and the model that it was before any patch: of a tensor that patches have changed, the folder keeps the
/// original bytes.
package struct StackedModel: Sendable {
    /// The files of the folder as they are, patches included.
    package let checkpoint: Checkpoint
    /// What is in force; nil in a model without patches.
    package let record: StackRecord?
    private let originals: SafetensorsFile?

    package var folder: URL { checkpoint.folder }

    /// - Throws: `file` for a folder that is no model, or whose record is damaged.
    package init(opening folder: URL) throws(RuntimeError) {
        try self.init(try RuntimeError.wrapping(.file) { try Checkpoint(opening: folder) })
    }

    /// A model whose files are open.
    package init(_ checkpoint: Checkpoint) throws(RuntimeError) {
        self.checkpoint = checkpoint
        record = try StackRecord.read(of: checkpoint.folder)
        let places = PatchPlaces(checkpoint.folder)
        guard record != nil else {
            originals = nil
            return
        }
        originals = try RuntimeError.wrapping(.file) { try SafetensorsFile(opening: places.originals) }
    }

    // MARK: The base

    /// The bytes of a tensor without any patch.
    func baseBytes(of parameter: String) throws(RuntimeError) -> TensorBytes {
        try RuntimeError.wrapping(.file) {
            guard let original = record?.parameters.first(where: { $0.parameter == parameter }) else {
                return try checkpoint.bytes(of: parameter)
            }
            let bytes = try (originals ?? checkpoint.file(of: parameter)).bytes(of: parameter)
            guard bytes.withUnsafeBytes({ Digest.of($0) }) == original.originalDigest else {
                throw RuntimeError(
                    .file,
                    "the original of '\(parameter)' in '\(PatchPlaces(folder).folder.path)' is damaged: its digest differs",
                    hint: "take the original model instead")
            }
            return bytes
        }
    }

    /// What the record says of the base, computed where there is none yet. Reads all weights then.
    func base() throws(RuntimeError) -> StackRecord.Base {
        if let record { return record.base }
        return StackRecord.Base(weights: Self.weights(of: checkpoint), tokenizer: try tokenizer())
    }

    /// SHA-256 of tokenizer.json; nil where the folder has none.
    func tokenizer() throws(RuntimeError) -> String? {
        let path = folder.appendingPathComponent("tokenizer.json").path
        return FileManager.default.fileExists(atPath: path) ? try Digest.ofFile(path) : nil
    }

    /// SHA-256 of the files of weights, by name. Reads them all.
    static func weights(of checkpoint: Checkpoint) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: checkpoint.files.map { file in
                (file.url.lastPathComponent, file.allBytes.withUnsafeBytes { Digest.of($0) })
            })
    }

    // MARK: What is in force

    /// The patches in force, with their tensors.
    ///
    /// - Throws: `file` for one that is not the one that was applied.
    package func stack() throws(RuntimeError) -> PatchStack {
        var members: [PatchStack.Member] = []
        for member in record?.members ?? [] {
            let place = PatchPlaces(folder).member(member.name)
            let patch = try PatchStore.read(place)
            guard patch.manifest.identity == member.digest else {
                throw RuntimeError(
                    .file, "'\(place.path)' is not the patch '\(member.name)' that was applied to the model",
                    hint: "take the original model instead, and apply its patches again")
            }
            members.append(
                PatchStack.Member(name: member.name, patch: patch, place: place, appliedAt: member.appliedAt))
        }
        return PatchStack(members)
    }

    /// That the weights are those that were written with the patches in force. Reads them all.
    ///
    /// - Throws: `file`, naming the first tensor or file that is another.
    func checkWeights() throws(RuntimeError) {
        guard let record else { return }
        let hint = "take the original model instead; whatever is written over this one would lose that change"
        for applied in record.parameters {
            let bytes = try RuntimeError.wrapping(.file) { try checkpoint.bytes(of: applied.parameter) }
            guard bytes.withUnsafeBytes({ Digest.of($0) }) == applied.digest else {
                throw RuntimeError(
                    .file,
                    "the tensor '\(applied.parameter)' of '\(folder.path)' was changed after the patch was applied",
                    hint: hint)
            }
        }
        let weights = Self.weights(of: checkpoint)
        guard
            let name = Set(weights.keys).union(record.weights.keys).sorted().first(where: {
                weights[$0] != record.weights[$0]
            })
        else { return }
        throw RuntimeError(
            .file, "'\(folder.path)/\(name)' was changed after the patch was applied", hint: hint)
    }
}
