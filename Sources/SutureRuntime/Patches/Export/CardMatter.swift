// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// The front matter of a model card: YAML between two lines of three dashes.
struct CardMatter {
    var members: [(String, ConfigValue)]
    /// False where the folder has no card.
    private(set) var isThere = false
    /// The name of the base model on the hub, where there is one.
    private(set) var baseModel: String?
    /// What the card calls its license: the name where it has one of its own, or else the hub's identifier.
    private(set) var license: String?

    init(members: [(String, ConfigValue)]) { self.members = members }

    /// What is said of the base model and holds for the edited one, too: an edit changes neither.
    private static let carriedKeys = ["license", "license_name", "license_link", "language"]
    private static let largestFile = 1 << 24

    /// Reads what a folder's card says that holds for an edited model, too. A card that cannot be read says nothing.
    init(ofCard file: URL) {
        members = []
        isThere = FileManager.default.fileExists(atPath: file.path)
        guard let data = try? SmallFile.contents(atPath: file.path, limit: Self.largestFile) else { return }
        let lines = String(decoding: data, as: UTF8.self).split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else { return }
        let yaml = Data(lines[1..<end].joined(separator: "\n").utf8)
        guard let node = try? ConfigNode(yaml: yaml, name: file.path, kind: .file) else { return }
        baseModel = node["base_model"]?.text
        license = node["license_name"]?.text ?? node["license"]?.text
        for key in Self.carriedKeys {
            switch node[key]?.content {
            case .scalar(let text, _)? where !text.isEmpty && node[key]?.isNull == false:
                members.append((key, .text(text)))
            case .list(let items)?: members.append((key, .texts(items.compactMap(\.text))))
            default: break
            }
        }
    }

    var yaml: String { ConfigWriter.yaml(members) }
}
