// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a file may have loaded into a worker, besides the plugins that the user's own search path has.
///
/// Experiment files and run folders come from other people. What they name is data: a library that they name is loaded, and a
/// function called, only where the user has said so. What the user names on the command line or by the environment, and what
/// lies in the user's own plugin folder and beside the program, needs no permission: whoever can write there can run code
/// anyway (see ``WriteAccess``).
package struct CodePermission: Sendable, Hashable, Codable {
    /// Whatever a file names.
    package var allowsAll: Bool
    /// Absolute paths of files and folders, and names for the system's loader.
    package var allowed: [String]

    package static let none = CodePermission()
    package static let all = CodePermission(allowsAll: true)

    package init(allowsAll: Bool = false, allowed: [String] = []) {
        self.allowsAll = allowsAll
        self.allowed = allowed
    }

    /// - Parameter library: an absolute path, or a name for the system's loader.
    package func allows(_ library: String) -> Bool {
        if allowsAll || allowed.contains(library) { return true }
        guard library.contains("/") else { return false }
        let path = PluginSearchPath.realPath(library)
        return allowed.contains { entry in
            guard entry.contains("/") else { return false }
            let entry = PluginSearchPath.realPath(entry)
            return path == entry || path.hasPrefix(entry.hasSuffix("/") ? entry : entry + "/")
        }
    }

    /// - Parameter file: what names the libraries, for the sentence.
    /// - Throws: `usage`, naming each library that is not allowed.
    package func require(_ libraries: [String], namedBy file: String) throws(RuntimeError) {
        let refused = Set(libraries).filter { !allows($0) }.sorted()
        guard !refused.isEmpty else { return }
        throw RuntimeError(
            .usage, "\(file) would load code that is not in your plugin folders: \(refused.joined(separator: ", "))",
            hint:
                "look at what it is, then give --allow-code, or list it under allow_code in \(UserConfiguration.shown)")
    }
}
