// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Makes model folders with patches in their weights, and takes each out again.
///
/// The source folder is never written to, unless it is to be replaced as a whole. An edited folder holds, in `suture_patch`, the
/// patches in force and the original bytes of what they changed, so every one can be taken out, in any order, and the weights are
/// then those of the others alone, bit for bit. (Subtracting the change would not do: the sum was rounded.)
package enum PatchApplication {
    package struct Report: Sendable, Hashable, Codable {
        /// Absolute path of the folder that was written.
        package var output: String
        /// The names of the patches in force, in order.
        package var stack: [String]
        /// What became of each parameter that the patches in force change.
        package var parameters: [AppliedChange]
        /// Sentences about patches that are in each other's way, about another tokenizer, about what rounding lost, about an adapter
        /// that was copied, and about files that were not. Empty where all is well.
        package var warnings: [String]
    }

    /// Writes a complete Hugging Face folder of a model with a patch added after those that are in force: `W + ΣΔ` computed in
    /// float64 and rounded once to the stored type. All other files, tensors and headers stay byte for byte as they are, shards
    /// and index included.
    ///
    /// - Parameters:
    ///   - name: what the patch is called from now on; nil: as the run that made it.
    ///   - target: the folder to write. Appears whole or not at all.
    ///   - links: what becomes of links out of the model folder.
    ///   - progress: called with the share that is done, 0 to 1.
    /// - Throws: `file` where the model is not the one that the patch was made for; `refused` where rounding to the
    ///   stored type loses the whole change or a number leaves its range; `usage` for the output place or the name. Nothing is
    ///   written then.
    package static func apply(
        model: URL, patch: URL, name: String? = nil, to target: PatchTarget, links: OutsideLinks = .refuse,
        progress: (Double) -> Void = { _ in }
    ) throws(RuntimeError) -> Report {
        try apply(model: model, patches: [(patch, name)], to: target, links: links, progress: progress)
    }

    /// The same for several patches, in order, with further files.
    ///
    /// - Parameters:
    ///   - patches: their folders and names; nil: as the run, with a number where that name is taken. Without any, the folder has the
    ///     patches that are in force already.
    ///   - writesCard: a card that the model has of an earlier export is replaced, so nothing is said of it.
    ///   - describe: puts files into the folder in the making; receives the patches in force and the warnings.
    static func apply(
        model: URL, patches: [(place: URL, name: String?)], to target: PatchTarget, links: OutsideLinks = .refuse,
        writesCard: Bool = false, progress: (Double) -> Void = { _ in },
        describe: (_ folder: URL, _ stack: PatchStack, Report) throws -> Void = { _, _, _ in }
    ) throws(RuntimeError) -> Report {
        let read = try patches.map { (patch) throws(RuntimeError) in try PatchStore.read(patch.place) }
        try target.check(model)
        let writer = try StackWriter(model, target, links)
        let source = writer.source
        var stack = try source.stack()
        var (members, warnings): ([PatchStack.Member], [String]) = ([], [])
        for (patch, stored) in zip(patches, read) {
            let member = PatchStack.Member(
                name: patch.name
                    ?? stack.proposedName(for: patch.place, stored.manifest, isOneOfMany: patches.count > 1),
                patch: stored, place: patch.place, appliedAt: PatchLog.text(of: Date()))
            let before = stack
            stack = try before.adding(member, to: source)
            warnings += try before.conflicts(with: member)
            members.append(member)
        }
        guard !stack.members.isEmpty else { throw hasNone(model) }
        try source.checkWeights()
        let own = try source.tokenizer()
        if read.contains(where: { $0.manifest.tokenizer != nil && $0.manifest.tokenizer != own }) {
            warnings.append(
                "the model's tokenizer is not the one that the patch was made with, so its prompts may read otherwise")
        }
        let adapter =
            ModelFolder.holdsAdapter(model)
            ? ["the model has an adapter beside it, which was copied as it is; runs refuse a model with an adapter"]
            : []
        func report(_ output: String, _ parameters: [AppliedChange], _ dropped: [FolderStatement]) -> Report {
            Report(
                output: output, stack: stack.members.map(\.name), parameters: parameters,
                warnings: warnings + parameters.compactMap(\.warning) + adapter
                    + dropped.filter { $0 != .card || !writesCard }.map(\.sentence))
        }
        let result = try writer.write(stack, .apply, members, progress: progress) { (parameters) throws(RuntimeError) in
            try checkEffect(of: read, parameters, source)
        } finish: { folder, parameters, dropped in
            try describe(folder, stack, report(folder.path, parameters, dropped))
        }
        return report(result.output, result.parameters, result.dropped)
    }

    /// - Throws: `refused` where rounding loses all that patches change.
    private static func checkEffect(
        of patches: [StoredPatch], _ parameters: [AppliedChange], _ source: StackedModel
    ) throws(RuntimeError) {
        guard !patches.isEmpty else { return }
        let now = Dictionary(uniqueKeysWithValues: parameters.map { ($0.parameter, $0) })
        let known = Dictionary(
            uniqueKeysWithValues: (source.record?.parameters ?? []).map { ($0.parameter, $0.digest) })
        let changes = patches.flatMap(\.manifest.changes).compactMap { now[$0.parameter] }
        guard changes.contains(where: { $0.digest != known[$0.parameter] ?? $0.originalDigest }) else {
            let types = Set(changes.map(\.dtype)).sorted().joined(separator: " and ")
            throw RuntimeError(
                .refused,
                "rounding to \(types) loses the whole patch: no number of '\(source.folder.path)' would change",
                hint: "convert the model to float32 and edit that")
        }
    }

    /// Writes a model folder without one of its patches, or without any: the weights are those of the patches that stay, bit for
    /// bit.
    ///
    /// - Parameters:
    ///   - model: a folder that ``apply(model:patch:name:to:links:progress:)`` has written.
    ///   - name: the patch to take out; nil: the one that was applied last.
    ///   - target, links: as there.
    /// - Throws: `file` for a folder without patches, and for one that was changed since they were applied; `usage` for a name that
    ///   none has; `refused` where another patch was made on it.
    @discardableResult
    package static func revert(
        model: URL, name: String? = nil, to target: PatchTarget, links: OutsideLinks = .refuse,
        progress: (Double) -> Void = { _ in }
    ) throws(RuntimeError) -> Report {
        try target.check(model)
        let writer = try StackWriter(model, target, links)
        let before = try writer.source.stack()
        guard let last = before.members.last else { throw Self.hasNone(model) }
        let stack = try before.removing(name ?? last.name, of: model)
        let member = before.members.first { $0.name == name } ?? last
        try writer.source.checkWeights()
        let result = try writer.write(stack, .revert, [member], progress: progress)
        return Report(
            output: result.output, stack: stack.members.map(\.name), parameters: result.parameters,
            warnings: result.parameters.compactMap(\.warning) + result.dropped.map(\.sentence))
    }

    /// What is wrong with a folder that has no patch to show or to take out.
    package static func hasNone(_ model: URL) -> RuntimeError {
        RuntimeError(
            .file,
            "the model '\(model.path)' has no patch in force: it has no \(PatchPlaces.folderName)/\(StackRecord.fileName)",
            hint: "only folders that `patch apply` wrote have")
    }
}
