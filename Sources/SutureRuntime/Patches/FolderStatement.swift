// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// Files that say something of a whole model folder as it was: signatures, and the card that `patch export --model` writes. They are
/// not true of the folder with other patches, so they do not go into it.
enum FolderStatement: Hashable {
    /// By the name of its file.
    case signature(String)
    case card

    /// Endings of signatures: OpenSSF's model-signing writes `model.sig`, sigstore's tools the others.
    private static let signatureEndings = [".sig", ".sigstore", ".sigstore.json"]

    /// Takes them out of a folder that was copied from another. The card of the base model is put back in its place.
    ///
    /// - Returns: what was taken out.
    static func removeAll(from folder: URL) throws -> [FolderStatement] {
        let manager = FileManager.default
        let signatures = try manager.contentsOfDirectory(atPath: folder.path).sorted().filter { name in
            signatureEndings.contains(where: name.hasSuffix)
        }
        for name in signatures { try manager.removeItem(at: folder.appending(path: name)) }
        guard ModelCard.isCard(folder) else { return signatures.map { .signature($0) } }
        let (card, base) = (folder.appending(path: ModelCard.fileName), folder.appending(path: ModelCard.baseName))
        try manager.removeItem(at: card)
        if manager.fileExists(atPath: base.path) { try manager.moveItem(at: base, to: card) }
        return signatures.map { .signature($0) } + [.card]
    }

    /// That it was taken out, and what to do.
    var sentence: String {
        switch self {
        case .signature(let name):
            "the signature '\(name)' was not copied: it is of the folder as it was; sign the new folder"
        case .card:
            "the model card that `patch export --model` wrote was not copied: it is of the folder as it was; "
                + "`patch export --model` writes a new one"
        }
    }
}
