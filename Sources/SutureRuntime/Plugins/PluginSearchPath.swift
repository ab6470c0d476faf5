// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel

/// Where plugins are looked for, in order: what the command line and the experiment name, `SUTURE_PLUGIN_PATH`, the user's
/// folder, and the folder of the executable.
///
/// In the executable's folder a plugin is called `libsuture-*.so`; in the others every `*.so` counts.
public struct PluginSearchPath: Sendable, Hashable {
    /// Files and folders that someone named for this command. They must exist.
    public var named: [String]
    /// The files and folders of `SUTURE_PLUGIN_PATH`.
    public var environmentPaths: [String]
    /// `$XDG_DATA_HOME/suture/plugins` or `~/.local/share/suture/plugins`.
    public var userFolder: String?
    /// The folder of the program, where the bundled plugins are; nil where it is not known.
    public var executableFolder: String?

    /// - Parameters:
    ///   - named: `--plugin` and the experiment's `plugins:`; relative ones are taken from the working directory.
    ///   - environment: the variables of the process.
    ///   - executableFolder: nil: that of the running executable.
    public init(
        named: [String] = [], environment: [String: String] = ProcessInfo.processInfo.environment,
        executableFolder: String? = nil
    ) {
        self.named = named
        environmentPaths = (environment["SUTURE_PLUGIN_PATH"] ?? "").split(separator: ":").map(String.init)
        // The XDG specification: a relative path in XDG_DATA_HOME is ignored, as an empty one is.
        if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
            userFolder = data + "/suture/plugins"
        } else {
            userFolder = environment["HOME"].map { $0 + "/.local/share/suture/plugins" }
        }
        self.executableFolder = executableFolder ?? PluginSearchPath.runningExecutableFolder
    }

    /// The folder of the running executable, links resolved.
    public static var runningExecutableFolder: String? {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            .map { ($0 as NSString).deletingLastPathComponent }
    }

    /// What was found along the path.
    public struct Files: Sendable, Hashable {
        /// Absolute paths, each library once, in search order.
        public var files: [String] = []
        /// The places, for "where was looked".
        public var searched: [String] = []
    }

    /// Lists the libraries. Loads nothing.
    ///
    /// - Throws: ``RuntimeError/Kind/usage`` when a named file or folder does not exist.
    public func files() throws(RuntimeError) -> Files {
        var result = Files()
        var seen: Set<String> = []
        for path in named {
            let path = absolute(path)
            guard FileManager.default.fileExists(atPath: path) else {
                throw RuntimeError(
                    .usage, "there is no plugin file or folder \(path)",
                    hint: "check the path in --plugin or in the experiment's plugins")
            }
            add(path, to: &result, seen: &seen) { $0.hasSuffix(".so") }
        }
        for path in environmentPaths + (userFolder.map { [$0] } ?? []) {
            add(absolute(path), to: &result, seen: &seen) { $0.hasSuffix(".so") }
        }
        if let executableFolder {
            add(executableFolder, to: &result, seen: &seen) { $0.hasPrefix("libsuture-") && $0.hasSuffix(".so") }
        }
        return result
    }

    /// A path of some files and folders, and nothing else.
    static func only(_ named: [String]) -> PluginSearchPath {
        var path = PluginSearchPath(named: named, environment: [:])
        (path.userFolder, path.executableFolder) = (nil, nil)
        return path
    }

    /// Those of the named libraries that are not found along this path as well.
    ///
    /// - Parameter named: files and folders.
    func lacking(_ named: [String]) throws(RuntimeError) -> [String] {
        let found = try PluginSearchPath.only(named).files().files
        let own = Set(try files().files.map(Self.realPath))
        return found.filter { !own.contains(Self.realPath($0)) }
    }

    /// Adds a file, or the files of a folder whose names count, sorted by name.
    private func add(
        _ path: String, to result: inout Files, seen: inout Set<String>, where counts: (String) -> Bool
    ) {
        var isFolder = ObjCBool(false)
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            result.searched.append("\(path) (not there)")
            return
        }
        result.searched.append(path)
        var files = [path]
        if isFolder.boolValue {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            files = names.filter(counts).sorted().map { path + "/" + $0 }
        }
        for file in files where seen.insert(Self.realPath(file)).inserted { result.files.append(file) }
    }

    private func absolute(_ path: String) -> String {
        URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL.path
    }

    /// The path without links and without `..`, as far as it leads anywhere.
    static func realPath(_ path: String) -> String {
        SutureModel.realPath(path) ?? URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
