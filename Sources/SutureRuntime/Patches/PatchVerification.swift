// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Whether everything that a patch, or a model folder with patches in force, says of itself is so. Nothing is written.
///
/// Checks stop at the first that fails, because what comes after it would rest on it.
package struct PatchVerification: Sendable, Hashable, Codable {
    /// What was found to be as it should, in order.
    package private(set) var checks: [String] = []
    /// What could not be checked, and why.
    package private(set) var notes: [String] = []

    /// - Parameters:
    ///   - folder: of a patch, or of a model that `patch apply` has written.
    ///   - model: that a patch belongs to; nil: its base is not checked.
    /// - Throws: `file`, naming what is not as it should be.
    package init(_ folder: URL, model: URL? = nil) throws(RuntimeError) {
        try RuntimeError.wrapping { try HostTables.install() }
        let isPatch = FileManager.default.fileExists(atPath: folder.appendingPathComponent(PatchManifest.fileName).path)
        if isPatch {
            try verifyPatch(folder, model)
        } else {
            guard model == nil else {
                throw RuntimeError(
                    .usage, "'\(folder.path)' is a model folder, which holds its own base", hint: "leave --model out")
            }
            try verifyModel(folder)
        }
    }

    private mutating func verifyPatch(_ folder: URL, _ model: URL?) throws(RuntimeError) {
        let stored = try PatchStore.read(folder)
        let manifest = stored.manifest
        if manifest.digest == nil {
            notes.append("\(PatchManifest.fileName) has no checksum of its own, as older versions wrote it")
        } else {
            checks.append("\(PatchManifest.fileName) is as suture wrote it")
        }
        checks.append(
            "\(PatchManifest.weightsName) is the one that it describes, with \(stored.deltas.count) changes of fitting shapes"
        )
        let records = try PatchRecords(folder, manifest)
        if manifest.records == nil {
            notes.append("it carries no cases of its run")
        } else {
            checks.append("\(records.cases.count) cases and \(records.figures.count) figures are those of its run")
        }
        guard let model else {
            notes.append("the model that it belongs to was not given (--model)")
            return
        }
        let base = try StackedModel(opening: model)
        try manifest.checkBase(base)
        checks.append("'\(model.path)' holds the tensors that it was made for")
        try verifyTokenizer(manifest.tokenizer, of: base, "it was made with")
        let inForce = Set((base.record?.members ?? []).map(\.digest))
        for needed in manifest.madeOn ?? [] where !inForce.contains(needed.digest) {
            notes.append("it was made on the patch '\(needed.name)', which is not in force there")
        }
    }

    private mutating func verifyModel(_ folder: URL) throws(RuntimeError) {
        let model = try StackedModel(opening: folder)
        guard let record = model.record else { throw PatchApplication.hasNone(folder) }
        checks.append("\(StackRecord.fileName) is as suture wrote it")
        let log = try PatchLog(of: folder)
        guard log.digest == record.logDigest, log.entries.last?.stack == record.members.map(\.reference) else {
            throw PatchLog.isCut(folder)
        }
        checks.append("the log has all of its \(log.entries.count) lines")
        let stack = try model.stack()
        for member in stack.members { _ = try PatchRecords(member.place, member.patch.manifest) }
        checks.append("the \(stack.members.count) patches are those that were applied")
        try model.checkWeights()
        checks.append("the weights are those that were written")
        for (change, applied) in zip(stack.changes, record.parameters) {
            let (_, again) = try stack.bytes(of: change, over: model)
            guard again.digest == applied.digest else {
                throw RuntimeError(
                    .file,
                    "'\(change.parameter)' of '\(folder.path)' is not the original plus the changes of its patches",
                    hint: "take the original model instead, and apply its patches again")
            }
        }
        checks.append("they are the originals plus the changes of the patches, bit for bit")
        try verifyTokenizer(record.base.tokenizer, of: model, "the base had")
    }

    private mutating func verifyTokenizer(
        _ digest: String?, of model: StackedModel, _ owner: String
    ) throws(RuntimeError) {
        guard let digest else { return notes.append("it does not say which tokenizer \(owner)") }
        guard try model.tokenizer() == digest else {
            throw RuntimeError(
                .file, "the tokenizer of '\(model.folder.path)' is not the one that \(owner)",
                hint: "take tokenizer.json from the original model")
        }
        checks.append("the tokenizer is the one that \(owner)")
    }
}
