// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Makes the paths of an experiment file absolute.
///
/// A relative path is first taken from the current folder, as the shell that started the command would, then from the
/// folder of the experiment file, so that a folder with its data can be moved.
package struct PathResolver: Sendable, Hashable {
    package var currentFolder: String
    /// The folder of the experiment file.
    package var fileFolder: String

    package init(currentFolder: String = FileManager.default.currentDirectoryPath, fileFolder: String) {
        self.currentFolder = currentFolder
        self.fileFolder = fileFolder
    }

    /// The path from a folder, without `.`, `..` and a leading `~/`.
    package func absolute(_ path: String, from folder: String? = nil) -> String {
        let path = path == "~" || path.hasPrefix("~/") ? NSHomeDirectory() + path.dropFirst() : path
        let base = URL(fileURLWithPath: folder ?? currentFolder, isDirectory: true)
        return URL(fileURLWithPath: path, relativeTo: base).standardizedFileURL.path
    }

    /// Where the path is searched for, in this order.
    package func candidates(_ path: String) -> [String] {
        let first = absolute(path)
        let second = absolute(path, from: fileFolder)
        return first == second ? [first] : [first, second]
    }

    /// The first place where there is something; nil where there is nothing.
    package func existing(_ path: String) -> String? {
        candidates(path).first { FileManager.default.fileExists(atPath: $0) }
    }

    /// Refuses what can be read only once, such as a pipe: what a run reads is compared when it is read again.
    static func checkRepeats(
        _ found: String, what: String, at place: ConfigNode.Place
    ) throws(RuntimeError) {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: found, isDirectory: &isFolder)
        guard isThere, !isFolder.boolValue, !FileStamp.isRegularFile(found) else { return }
        throw RuntimeError(
            .file, "\(place): \(what) '\(found)' is a pipe or a device, and a run reads it more than once",
            hint: "put its content into a file")
    }

    /// The sentence for a path under which nothing is found.
    func missing(_ path: String, what: String, at place: ConfigNode.Place, kind: RuntimeError.Kind) -> RuntimeError {
        let places = candidates(path).map { "'\($0)'" }.joined(separator: " nor at ")
        let found = candidates(path).count == 1 ? "at \(places)" : "neither at \(places)"
        return RuntimeError(
            kind, "\(place): \(what) '\(path)' does not exist, \(found)",
            hint: "relative paths begin at the current folder or at the experiment file's")
    }
}
