// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Patches that lie over a model in memory, after those in force in its folder. Nothing is written; the weights are those that
/// `patch apply` would write, as far as the model is computed in the type in which it is stored.
package struct PatchOverlay {
    package let model: LanguageModel
    /// What each patch changes.
    package let changes: [WeightChange]
    /// - Parameter folders: of the patches, in order.
    /// - Throws: `file` for a folder that is no patch, or none for this model; `refused` for a patch that changes nothing here.
    package init(_ folders: [String], over original: LanguageModel) throws {
        let stored = try StackedModel(original.checkpoint)
        var stack = try stored.stack()
        let inForce = stack.members.count
        var edited = original
        var changes: [WeightChange] = []
        for (number, folder) in folders.enumerated() {
            let place = URL(fileURLWithPath: folder)
            let patch = try PatchStore.read(place)
            stack = try stack.adding(unnamed: patch, at: place, to: stored)
            let own: [WeightChange]
            (edited, own) = try PatchCheck.apply(
                patch.deltas, to: edited, by: "the patch '\(folder)'", group: number)
            changes += own
        }
        self.changes = changes
        // A patch by itself over a model without patches is what it is already.
        guard stack.members.count > 1, !folders.isEmpty else {
            model = edited
            return
        }
        let changed = Set(stack.members[inForce...].flatMap(\.patch.deltas).map(\.parameter))
        let deltas = stack.members.flatMap(\.patch.deltas).filter { changed.contains($0.parameter) }
        let bases = try Self.bases(changed, stack, stored, as: original.dtype)
        model = try withoutGradients { try original.summing(deltas, over: bases) }
    }

    /// The model that a folder was before the patches in force in it.
    static func withoutPatches(_ edited: LanguageModel) throws -> LanguageModel {
        let stored = try StackedModel(edited.checkpoint)
        let stack = try stored.stack()
        let bases = try bases(Set(stack.changes.map(\.parameter)), stack, stored, as: edited.dtype)
        guard !bases.isEmpty else { return edited }
        return try withoutGradients { try edited.converting { name, weight in bases[name] ?? weight } }
    }

    /// How a patch that is made on such a model names those that lay over it.
    static func references(_ folders: [String]) throws(RuntimeError) -> [PatchReference] {
        try folders.map { (folder) throws(RuntimeError) in
            let place = URL(fileURLWithPath: folder)
            let manifest = try PatchManifest(folder: place)
            return PatchReference(name: PatchName.proposed(for: place, manifest), digest: manifest.identity)
        }
    }

    /// The weights without any patch, of those that the folder's own patches change, too.
    private static func bases(
        _ parameters: Set<String>, _ stack: PatchStack, _ stored: StackedModel, as dtype: DType
    ) throws -> [String: Tensor] {
        var bases: [String: Tensor] = [:]
        let own = Set((stored.record?.parameters ?? []).map(\.parameter))
        for change in stack.changes where parameters.contains(change.parameter) && own.contains(change.parameter) {
            let entry = try stored.checkpoint.entry(change.parameter)
            let tensor = try PatchStore.tensor(entry, try stored.baseBytes(of: change.parameter))
            bases[change.parameter] = try (change.base.isTransposed ? tensor.transposed() : tensor).cast(to: dtype)
        }
        return bases
    }
}
