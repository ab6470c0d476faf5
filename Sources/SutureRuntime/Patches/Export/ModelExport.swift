// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Writes a model with patches in force as a folder to be published: what `patch apply` writes, and a model card.
package struct ModelExport {
    private let baseModel: String?
    private let revision: String?

    /// - Parameters:
    ///   - baseModel: the base model's name on the Hugging Face hub: "ORGANISATION/NAME"; nil: the card names none.
    ///   - revision: of that model.
    /// - Throws: `usage` for what is no such name, since the hub refuses a card with it.
    package init(baseModel: String? = nil, revision: String? = nil) throws(RuntimeError) {
        if let baseModel {
            let parts = baseModel.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(parts.count), parts.allSatisfy({ PatchName.isValid(String($0)) }) else {
                throw RuntimeError(
                    .usage, "a model card cannot name '\(baseModel)' as the base model",
                    hint: "give the base model's name on the hub, such as HuggingFaceTB/SmolLM2-135M-Instruct")
            }
        }
        self.baseModel = baseModel
        self.revision = revision
    }

    /// Writes the folder, whole or not at all.
    ///
    /// - Parameters:
    ///   - patches: added in this order after those in force; without any, the folder is a copy with a card.
    ///   - model: with patches in force or without; see ``PatchApplication``.
    /// - Throws: as ``PatchApplication/apply(model:patch:name:to:links:progress:)``; `usage` where the model has a file of the name
    ///   under which its card is to be kept.
    package func write(
        _ patches: [URL], on model: URL, to output: URL, links: OutsideLinks = .refuse,
        progress: (Double) -> Void = { _ in }
    ) throws(RuntimeError) -> PatchApplication.Report {
        try PatchApplication.apply(
            model: model, patches: patches.map { ($0, nil) }, to: .folder(output), links: links, writesCard: true,
            progress: progress
        ) { folder, stack, report in
            try write(stack, report, title: output.standardizedFileURL.lastPathComponent, to: folder)
        }
    }

    private func write(
        _ stack: PatchStack, _ report: PatchApplication.Report, title: String, to folder: URL
    ) throws {
        let manager = FileManager.default
        let (card, base) = (folder.appending(path: ModelCard.fileName), folder.appending(path: ModelCard.baseName))
        guard !manager.fileExists(atPath: base.path) else {
            throw RuntimeError(
                .usage, "the model has a file '\(ModelCard.baseName)', under which its own card would be kept",
                hint: "give that file another name")
        }
        let matter = CardMatter(ofCard: card)
        if matter.isThere { try manager.moveItem(at: card, to: base) }
        let text = ModelCard(
            title: title, baseModel: baseModel, revision: revision, baseMatter: matter,
            members: try stack.members.map { ($0, try PatchRecords($0.place, $0.patch.manifest)) }, report: report
        ).text
        try Data(text.utf8).write(to: card)
    }
}
