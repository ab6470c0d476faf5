// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// The user's own settings, which hold for every command: `$XDG_CONFIG_HOME/suture/config.yaml`.
///
///     allow_code: [~/methods, libm.so.6]
package struct UserConfiguration: Sendable, Hashable {
    /// Where the file is, as pages and sentences name it.
    package static let shown = "~/.config/suture/config.yaml"

    /// What experiment files may have loaded.
    package var code = CodePermission.none

    /// Where the file is; nil where the environment names no folder.
    package static func path(_ environment: [String: String]) -> String? {
        // The XDG specification: a relative path is ignored, as an empty one is.
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return folder + "/suture/config.yaml" }
        return environment["HOME"].map { $0 + "/.config/suture/config.yaml" }
    }

    /// Reads the file; without one, nothing is set.
    ///
    /// - Throws: `usage` for a file that cannot be read or has other content; `plugin` for one that others may write to.
    package init(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(RuntimeError) {
        guard let path = Self.path(environment), FileManager.default.fileExists(atPath: path) else { return }
        try WriteAccess.check(path, isNeededFor: "read")
        let read = try RuntimeError.wrapping(.usage) {
            try SmallFile.contents(atPath: path, limit: ConfigNode.largestFile)
        }
        guard let data = read else {
            throw RuntimeError(.usage, "'\(path)' cannot be read", hint: "check its permissions, or remove it")
        }
        let reader = try ConfigReader(ConfigNode(yaml: data, name: path), path: "", keys: ["allow_code"])
        guard let node = reader["allow_code"] else { return }
        if let all = node.boolean {
            code.allowsAll = all
            return
        }
        guard case .list = node.content else {
            throw reader.mustBe("true, false or a list of files and folders", "allow_code", node)
        }
        let home = environment["HOME"] ?? NSHomeDirectory()
        for item in try reader.list("allow_code") {
            guard let text = item.text, !text.isEmpty else {
                throw reader.mustBe("a list of texts", "allow_code", item)
            }
            let entry = text.hasPrefix("~/") ? home + text.dropFirst() : text
            guard entry.hasPrefix("/") || !entry.contains("/") else {
                throw reader.mustBe(
                    "a list of absolute paths", "allow_code", item,
                    hint: "begin with / or ~/; a name without / is one for the system's loader, such as libm.so.6")
            }
            code.allowed.append(entry)
        }
    }
}
