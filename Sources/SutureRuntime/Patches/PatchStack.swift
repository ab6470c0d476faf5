// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Patches of one model in the order in which their changes are added.
///
/// The weights are always the base plus the sum of all changes, added in float64 in this order and rounded once. So a patch that is
/// taken out leaves no trace: the rest gives the same bytes as if it had never been there.
package struct PatchStack: Sendable {
    /// A patch, and what it is called here.
    package struct Member: Sendable {
        package var name: String
        package var patch: StoredPatch
        /// The folder that it was read from.
        package var place: URL
        /// In ISO 8601, UTC; nil for one that lies over the model and is in no folder of it.
        package var appliedAt: String?

        package var reference: PatchReference {
            PatchReference(name: name, digest: patch.manifest.identity)
        }
    }

    package private(set) var members: [Member]

    init(_ members: [Member]) { self.members = members }

    /// The members as records name them.
    package var references: [PatchReference] { members.map(\.reference) }

    /// The changed parameters, in the order in which they are first changed. Each with what the first patch says of it.
    var changes: [PatchManifest.Change] {
        var known: Set<String> = []
        return members.flatMap(\.patch.manifest.changes).filter { known.insert($0.parameter).inserted }
    }

    /// The stack with a patch more.
    ///
    /// - Throws: `usage` for a name that is taken or cannot be one; `file` for a patch of another model, one that is there already,
    ///   and one that was made on patches that are missing.
    package func adding(_ member: Member, to model: StackedModel) throws(RuntimeError) -> PatchStack {
        let path = model.folder.path
        if let twin = members.first(where: { $0.reference.digest == member.reference.digest }) {
            let named = twin.name == member.name ? "" : " under the name '\(twin.name)'"
            throw RuntimeError(
                .file, "the model '\(path)' already has this patch\(named)", hint: "use it as it is, or revert it first"
            )
        }
        guard PatchName.isValid(member.name) else {
            throw RuntimeError(
                .usage, "a patch cannot be called '\(member.name)'", hint: "a name has \(PatchName.rule)")
        }
        guard !members.contains(where: { $0.name == member.name }) else {
            throw RuntimeError(
                .usage, "the model '\(path)' already has a patch with the name '\(member.name)'",
                hint: "give this one another name with --name")
        }
        let manifest = member.patch.manifest
        try manifest.checkBase(model)
        for needed in manifest.madeOn ?? [] where !references.contains(where: { $0.digest == needed.digest }) {
            throw RuntimeError(
                .file,
                "the patch '\(member.name)' was made on a model with the patch '\(needed.name)', which '\(path)' does not have",
                hint: "apply '\(needed.name)' first")
        }
        return PatchStack(members + [member])
    }

    /// The stack with a patch more that nobody calls by a name: two of the same run may lie over each other.
    ///
    /// - Throws: as ``adding(_:to:)``.
    func adding(unnamed patch: StoredPatch, at place: URL, to model: StackedModel) throws(RuntimeError) -> PatchStack {
        let name = "\(PatchName.proposed(for: place, patch.manifest).prefix(90))-\(members.count + 1)"
        return try adding(Member(name: name, patch: patch, place: place), to: model)
    }

    /// What a patch is called here where its user gives it no name.
    ///
    /// - Parameter isOneOfMany: gives it a number where the name is taken; a single one is refused then, with what to do.
    func proposedName(for place: URL, _ manifest: PatchManifest, isOneOfMany: Bool) -> String {
        let name = PatchName.proposed(for: place, manifest)
        guard isOneOfMany, members.contains(where: { $0.name == name }) else { return name }
        return "\(name.prefix(90))-\(members.count + 1)"
    }

    /// The stack without a patch.
    ///
    /// - Throws: `usage` for a name that no member has; `refused` where another member was made on it.
    package func removing(_ name: String, of model: URL) throws(RuntimeError) -> PatchStack {
        guard let member = members.first(where: { $0.name == name }) else {
            let names = members.map(\.name)
            let meant = NearestName.of(name, in: names)
            throw RuntimeError(
                .usage, "the model '\(model.path)' has no patch '\(name)'",
                hint: meant.map { "did you mean '\($0)'?" } ?? "it has \(names.joined(separator: ", "))")
        }
        let digest = member.reference.digest
        if let later = members.first(where: { $0.patch.manifest.madeOn?.contains { $0.digest == digest } == true }) {
            throw RuntimeError(
                .refused,
                "the patch '\(later.name)' was made on the model with '\(name)', and means nothing without it",
                hint: "revert '\(later.name)' first")
        }
        return PatchStack(members.filter { $0.name != name })
    }

    /// The sum of all changes of a parameter, in float64, `[out, in]`.
    func sum(of change: PatchManifest.Change) throws -> Tensor {
        var sum: Tensor?
        for delta in members.flatMap(\.patch.deltas) where delta.parameter == change.parameter {
            let own = try delta.float64(shape: change.shape)
            sum = try sum.map { try $0 + own } ?? own
        }
        return try sum ?? Tensor.zeros(change.shape, dtype: .float64)
    }

    /// What a patch that comes new and the members do to each other, as sentences.
    func conflicts(with member: Member) throws(RuntimeError) -> [String] {
        let new = try PatchAlgebra.Source(member)
        var sentences: [String] = []
        for one in members { sentences += try PatchConflicts(try PatchAlgebra.Source(one), new).sentences }
        return sentences
    }
}
