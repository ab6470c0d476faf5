// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Makes model folders with a patch in their weights, and takes it out again.
///
/// The source folder is never written to. A patched folder holds, in `suture_patch`, the patch and the original bytes
/// of what it changed, so taking it back needs nothing else and gives the original files bit for bit. (Subtracting the
/// change would not: the sum was rounded.)
package enum PatchApplication {
    /// The folder that a patched model carries.
    package static let recordName = "suture_patch"
    /// Changes of which more than this share is lost by rounding are reported. Half precision loses some of every small
    /// change; beyond a tenth, figures measured in float32 no longer speak for the stored model.
    package static let noticeableLoss = 0.1

    static let originalName = "original.safetensors"
    package static let appliedName = "applied.json"
    /// Where the record of an earlier patch moves to.
    static let previousName = "previous"

    /// What became of one parameter.
    package struct Applied: Sendable, Hashable, Codable {
        package var parameter: String
        /// The type that the change was rounded to.
        package var dtype: String
        /// ‖Δ‖, as the patch has it.
        package var norm: Double
        /// ‖stored change − Δ‖ / ‖Δ‖; 0 where Δ is 0.
        package var loss: Double
        /// Share of the numbers that differ from the original.
        package var changedShare: Double
        /// SHA-256 of the tensor's bytes before and after.
        package var originalDigest: String
        package var digest: String

        enum CodingKeys: String, CodingKey {
            case parameter, dtype, norm, loss
            case changedShare = "changed_share"
            case originalDigest = "original_sha256"
            case digest = "sha256"
        }
    }

    package struct Report: Sendable, Hashable, Codable {
        /// Absolute path of the folder that was written.
        package var output: String
        package var parameters: [Applied]
        /// Sentences about what rounding lost, and about an adapter that was copied. Empty where all is well.
        package var warnings: [String]
    }

    private struct Record: Codable {
        var schema = PatchManifest.schema
        var parameters: [Applied]
    }

    /// Writes a complete Hugging Face folder of a model with a patch added: `W + Δ` computed in float64 and rounded
    /// once to the stored type. All other files, tensors and headers stay byte for byte as they are, shards and index
    /// included.
    ///
    /// - Parameters:
    ///   - output: a folder that is not there yet or is empty, outside the model folder. Appears whole or not at all.
    ///   - links: what becomes of links out of the model folder.
    ///   - progress: called with the share that is done, 0 to 1.
    /// - Throws: `file` where the model is not the one that the patch was made for; `refused` where rounding to the
    ///   stored type loses the whole change or a number leaves its range; `usage` for the output place. Nothing is
    ///   written then.
    package static func apply(
        model: URL, patch: URL, output: URL, links: OutsideLinks = .refuse, progress: (Double) -> Void = { _ in }
    ) throws(RuntimeError) -> Report {
        let stored = try PatchStore.read(patch)
        let manifest = stored.manifest
        try checkOutput(output)
        let checkpoint = try RuntimeError.wrapping(.file) { try Checkpoint(opening: model) }
        let stamp = try InputStamp(source(model))
        do {
            try manifest.checkBase(checkpoint)
        } catch {
            let record = model.appendingPathComponent(recordName)
            if let applied = try? PatchManifest(folder: record), applied.weightsDigest == manifest.weightsDigest {
                throw RuntimeError(
                    .file, "the model '\(model.path)' already has this patch",
                    hint: "use it as it is, or revert it first")
            }
            throw error
        }

        var replacements: [String: TensorBytes] = [:]
        var originals: [SafetensorsWriter.Tensor] = []
        var parameters: [Applied] = []
        for (delta, change) in zip(stored.deltas, manifest.changes) {
            let (bytes, applied) = try added(delta, change, checkpoint)
            replacements[change.parameter] = bytes
            parameters.append(applied)
            originals.append(
                try RuntimeError.wrapping(.file) {
                    let entry = try checkpoint.entry(change.parameter)
                    return SafetensorsWriter.Tensor(
                        name: entry.name, dtype: entry.dtype, shape: entry.shape,
                        bytes: try checkpoint.bytes(of: entry.name))
                })
        }
        guard parameters.contains(where: { $0.changedShare > 0 }) else {
            let types = Set(parameters.map(\.dtype)).sorted().joined(separator: " and ")
            throw RuntimeError(
                .refused, "rounding to \(types) loses the whole patch: no number of '\(model.path)' would change",
                hint: "convert the model to float32 and edit that")
        }
        let record = Record(parameters: parameters)
        try assemble(output, from: model, stamp) { partial in
            try checkpoint.write(to: partial, replacing: replacements, links: links, progress: progress)
            try writeRecord(record, originals, patch: patch, of: checkpoint, links, to: partial)
        }
        let adapter =
            ModelFolder.holdsAdapter(model)
            ? ["the model has an adapter beside it, which was copied as it is; runs refuse a model with an adapter"]
            : []
        return Report(
            output: output.standardizedFileURL.path, parameters: parameters,
            warnings: warnings(parameters) + adapter)
    }

    /// Writes the model folder as it was before the patch that was applied last, bit for bit.
    ///
    /// - Parameters:
    ///   - model: a folder that ``apply(model:patch:output:links:progress:)`` has written.
    ///   - output, links: as there.
    /// - Returns: the parameters that were put back.
    /// - Throws: `file` for a folder without a record, and for one that was changed since the patch was applied.
    @discardableResult
    package static func revert(
        model: URL, output: URL, links: OutsideLinks = .refuse, progress: (Double) -> Void = { _ in }
    ) throws(RuntimeError) -> [String] {
        try checkOutput(output)
        let folder = model.appendingPathComponent(recordName, isDirectory: true)
        let recordPath = folder.appendingPathComponent(appliedName).path
        guard let data = try RuntimeError.wrapping(.file, { try SmallFile.contents(atPath: recordPath) }) else {
            throw RuntimeError(
                .file, "the model '\(model.path)' carries no patch: it has no \(recordName)/\(appliedName)",
                hint: "only folders that 'patch apply' wrote can be reverted")
        }
        let record: Record
        do {
            record = try JSON.decode(Record.self, from: data, name: "it")
        } catch {
            throw RuntimeError(
                .file, "'\(recordPath)' is damaged: \(error.message)", hint: "take the original model instead")
        }
        let (checkpoint, originals) = try RuntimeError.wrapping(.file) {
            (
                try Checkpoint(opening: model),
                try SafetensorsFile(opening: folder.appendingPathComponent(originalName))
            )
        }
        let stamp = try InputStamp(source(model))
        var replacements: [String: TensorBytes] = [:]
        for applied in record.parameters {
            let (now, before) = try RuntimeError.wrapping(.file) {
                (try checkpoint.bytes(of: applied.parameter), try originals.bytes(of: applied.parameter))
            }
            guard now.withUnsafeBytes({ Digest.of($0) }) == applied.digest else {
                throw RuntimeError(
                    .file,
                    "the tensor '\(applied.parameter)' of '\(model.path)' was changed after the patch was applied",
                    hint: "take the original model instead; reverting would lose that change")
            }
            guard before.withUnsafeBytes({ Digest.of($0) }) == applied.originalDigest else {
                throw RuntimeError(
                    .file, "the original of '\(applied.parameter)' in '\(folder.path)' is damaged: its digest differs",
                    hint: "take the original model instead")
            }
            replacements[applied.parameter] = before
        }
        try assemble(output, from: model, stamp) { partial in
            try checkpoint.write(to: partial, replacing: replacements, links: links, progress: progress)
            // The copy of the record lacks its tensors; the one below it was the model's own.
            let manager = FileManager.default
            let place = partial.appendingPathComponent(recordName, isDirectory: true)
            if manager.fileExists(atPath: place.path) { try manager.removeItem(at: place) }
            let previous = folder.appendingPathComponent(previousName, isDirectory: true)
            if manager.fileExists(atPath: previous.path) {
                try ModelFolder.copyPart(previous, of: model, to: place, links: links)
            }
        }
        return record.parameters.map(\.parameter)
    }

    // MARK: Parts

    /// The bytes of `W + Δ`, and what rounding made of Δ.
    private static func added(
        _ delta: Delta, _ change: PatchManifest.Change, _ checkpoint: Checkpoint
    ) throws(RuntimeError) -> (TensorBytes, Applied) {
        let (bytes, applied, isFinite) = try RuntimeError.wrapping {
            let entry = try checkpoint.entry(change.parameter)
            let base = try checkpoint.bytes(of: change.parameter)
            let before = try PatchStore.tensor(entry, base)
            let wide = try before.cast(to: .float64)
            var difference = try delta.float64(shape: change.shape)
            if change.base.isTransposed { difference = try difference.transposed() }
            let after = try (wide + difference).cast(to: before.dtype).contiguous()
            let stored = try after.cast(to: .float64)
            let lost = try (stored - wide - difference).norm().item()
            let norm = try difference.norm().item()
            let kept = try stored.equal(wide).cast(to: .float64).sum().item()
            let data = TensorBytes(try after.bytes())
            let applied = Applied(
                parameter: change.parameter, dtype: before.dtype.description, norm: norm,
                loss: norm > 0 ? lost / norm : 0, changedShare: 1 - kept / Double(max(before.count, 1)),
                originalDigest: change.base.digest, digest: data.withUnsafeBytes { Digest.of($0) })
            return (data, applied, try after.isAllFinite())
        }
        guard isFinite else {
            throw RuntimeError(
                .refused, "'\(change.parameter)' with the patch has numbers beyond the range of \(applied.dtype)",
                hint: "convert the model to float32 or bfloat16 and edit that")
        }
        return (bytes, applied)
    }

    private static func warnings(_ parameters: [Applied]) -> [String] {
        parameters.filter { $0.norm > 0 && $0.loss > noticeableLoss }.map { applied in
            let loss = String(format: "%.0f", applied.loss * 100)
            let changed = String(format: "%.0f", applied.changedShare * 100)
            return "rounding to \(applied.dtype) loses \(loss) % of the change of '\(applied.parameter)' and leaves "
                + "\(changed) % of its numbers changed; measure the written model, not the patch"
        }
    }

    /// Writes `suture_patch` into a model folder in the making.
    private static func writeRecord(
        _ record: Record, _ originals: [SafetensorsWriter.Tensor], patch: URL, of checkpoint: Checkpoint,
        _ links: OutsideLinks, to partial: URL
    ) throws {
        let model = checkpoint.folder
        let manager = FileManager.default
        let folder = partial.appendingPathComponent(recordName, isDirectory: true)
        // A record of the source was copied without its tensors; the whole of it goes below.
        if manager.fileExists(atPath: folder.path) { try manager.removeItem(at: folder) }
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        let previous = model.appendingPathComponent(recordName, isDirectory: true)
        if manager.fileExists(atPath: previous.path) {
            try ModelFolder.copyPart(
                previous, of: model, to: folder.appendingPathComponent(previousName, isDirectory: true), links: links)
        }
        for name in [PatchManifest.fileName, PatchManifest.weightsName] {
            try ModelFolder.copyFile(name, from: patch, to: folder)
        }
        // What nobody else may read of the model, nobody else may read here.
        let mode = checkpoint.files.reduce(0o777) { $0 & $1.mode }
        try SafetensorsWriter.write(originals, to: folder.appendingPathComponent(originalName), mode: mode)
        try JSON.encode(record, layout: .page).write(to: folder.appendingPathComponent(appliedName))
    }

    /// Keeps other processes from writing the same folder meanwhile. The file is beside it, since the folder is not there yet.
    private static func lock(_ output: URL) throws(RuntimeError) -> PlaceLock {
        let output = output.standardizedFileURL.resolvingSymlinksInPath()
        let parent = output.deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        } catch {
            throw RuntimeError(
                .run, "the folder '\(parent.path)' cannot be made", hint: "check the path and that you may write there")
        }
        Leftovers(in: parent, isDeep: false).remove()
        return try PlaceLock(
            parent.appending(path: ".\(output.lastPathComponent).lock"), of: "the output folder '\(output.path)'")
    }

    /// Refuses an output folder with something in it before any work is done.
    private static func checkOutput(_ output: URL) throws(RuntimeError) {
        let items = (try? FileManager.default.contentsOfDirectory(atPath: output.path)) ?? []
        guard let first = items.min() else { return }
        throw RuntimeError(
            .usage, "the output folder '\(output.path)' is not empty: it holds '\(first)'",
            hint: "choose a folder that does not exist yet, or empty it")
    }

    /// Makes the output folder while no other process does, from a model folder that stays as it is meanwhile.
    ///
    /// - Parameter stamp: what the system said of the model folder before its tensors were read.
    private static func assemble(
        _ output: URL, from model: URL, _ stamp: InputStamp, _ body: (URL) throws -> Void
    ) throws(RuntimeError) {
        let lock = try lock(output)
        defer { withExtendedLifetime(lock) {} }
        try RuntimeError.wrapping {
            try FolderAssembly.assemble(at: output) { partial in
                try body(partial)
                guard let name = try InputStamp(source(model)).differences(from: stamp).first else { return }
                throw RuntimeError(
                    .file, "'\(model.path)/\(name)' has changed while the model was copied",
                    hint: "wait until nothing writes to the model, then start again")
            }
        }
    }

    /// All files of a model folder.
    private static func source(_ model: URL) -> RunInput {
        RunInput(setting: "the model", path: model.path, form: .folder)
    }
}
