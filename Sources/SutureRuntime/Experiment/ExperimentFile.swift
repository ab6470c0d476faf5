// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// An experiment file as it was read, with overrides applied and nothing checked yet.
struct ExperimentFile: Sendable {
    /// Absolute.
    var path: String
    var source: Data
    var root: ConfigNode
    var overrides: [String]
    var paths: PathResolver

    /// - Throws: `usage` for a file that is not there or no YAML, and for overrides that do not fit it.
    init(_ file: String, overrides: [String], currentFolder: String) throws(RuntimeError) {
        let here = PathResolver(currentFolder: currentFolder, fileFolder: currentFolder)
        path = here.absolute(file)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw RuntimeError(.usage, "there is no experiment file '\(path)'", hint: "give the path of a YAML file")
        }
        let read = try RuntimeError.wrapping(.usage) { [path] in
            try SmallFile.contents(atPath: path, limit: ConfigNode.largestFile, allowsPipes: true)
        }
        guard !isFolder.boolValue, let source = read else {
            throw RuntimeError(
                .usage, "the experiment file '\(path)' cannot be read", hint: "give the path of a YAML file")
        }
        self.source = source
        self.overrides = overrides
        paths = PathResolver(currentFolder: currentFolder, fileFolder: folder)
        root = try ConfigNode(yaml: source, name: URL(fileURLWithPath: path).lastPathComponent)
        for text in overrides { try Override(text).apply(to: &root) }
    }
}
