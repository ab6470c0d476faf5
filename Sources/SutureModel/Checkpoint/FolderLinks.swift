// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What becomes of a link that leads out of a model folder when the folder is copied.
///
/// What it leads to is not copied: a folder from somewhere else may link to a private file, and its copy may be published.
public enum OutsideLinks: String, Sendable, CaseIterable {
    /// The copy is refused, and the link is named.
    case refuse
    /// The copy has a link to the same place, by its absolute path.
    case keep
}

/// Tells which links of a model folder are part of the model.
///
/// Those that lead to a place inside the folder are, and their copy is the file that they lead to. So are those of a snapshot in a
/// download cache of the Hugging Face hub, whose files are all links into `blobs` of the same repository:
///
///     models--NAME/blobs/0a1b…
///     models--NAME/snapshots/REVISION/config.json -> ../../blobs/0a1b…
struct FolderLinks {
    let outside: OutsideLinks
    /// Without links.
    private let roots: [String]

    /// - Parameter folder: the model folder.
    init(_ folder: URL, outside: OutsideLinks) {
        self.outside = outside
        guard let root = realPath(folder.path) else {
            roots = []
            return
        }
        let snapshots = URL(fileURLWithPath: root).deletingLastPathComponent()
        let blobs = snapshots.deletingLastPathComponent().appendingPathComponent("blobs").path
        // A link in the place of the blobs themselves could lead anywhere.
        let isSnapshot = snapshots.lastPathComponent == "snapshots" && realPath(blobs) == blobs
        roots = isSnapshot ? [root, blobs] : [root]
    }

    /// What to do with an entry of the folder.
    enum Answer {
        /// Copy what is there, behind a link too.
        case copy
        /// Link to this absolute path.
        case link(String)
    }

    /// - Throws: `outsideLink` for a link that leads out of the folder where that is refused; `unreadable` for one that leads
    ///   nowhere.
    func answer(for item: URL) throws(ModelError) -> Answer {
        var status = stat()
        guard lstat(item.path, &status) == 0 else { throw .unreadable(item.path, errno) }
        guard status.st_mode & S_IFMT == S_IFLNK else { return .copy }
        guard let target = realPath(item.path) else { throw .unreadable(item.path, errno) }
        if roots.contains(where: { target == $0 || target.hasPrefix($0 + "/") }) { return .copy }
        guard outside == .keep else {
            throw ModelError(
                .outsideLink, "'\(item.path)' is a link out of the model folder, to '\(target)', which is not copied",
                hint: "put the file itself there, remove the link, or keep it as a link with --links keep")
        }
        return .link(target)
    }
}

/// A path without links, `.` and `..`; nil for one that leads nowhere.
package func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}
