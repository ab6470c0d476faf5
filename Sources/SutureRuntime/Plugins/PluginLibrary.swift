// SPDX-License-Identifier: Apache-2.0

import CForeign
import CSuture
import CSutureHost
import Foundation
import SutureKit
import Synchronization

/// A plugin's shared library, loaded into this process. Only worker processes load plugins.
///
/// It is loaded with immediate binding, local scope and no unloading, and it is never closed: an image that contains Swift
/// cannot be unloaded. The end of the worker is the unload.
final class PluginLibrary: @unchecked Sendable {
    // The table and what it points to live as long as the process and do not change; `isStarted` is guarded.

    /// The absolute path.
    let file: String
    let id: String
    let version: String
    /// SHA-256 of the file, the same before and after it was loaded.
    let digest: String
    let table: Foreign<suture_plugin>
    var plugin: UnsafePointer<suture_plugin> { table.pointer }
    private let isStarted = Mutex(false)

    /// Loads a library and reads its table; starts nothing.
    ///
    /// - Parameter planned: what its digest must be, or it is not loaded; nil: any.
    private init(loading file: String, planned: String? = nil) throws(RuntimeError) {
        func problem(_ sentence: String, _ hint: String) -> RuntimeError {
            RuntimeError(.plugin, "\(file) \(sentence)", hint: hint)
        }
        try WriteAccess.check(file)
        let digest = try Self.digest(of: file)
        if let planned { try Self.compare(digest, with: planned, file) }
        guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
            throw problem(
                "cannot be loaded: \(reason.replacingOccurrences(of: "\(file): ", with: ""))",
                "build it for this machine, and install the libraries that it needs (ldd shows them)")
        }
        guard let symbol = dlsym(handle, "suture_plugin_entry") else {
            throw problem(
                "is not a Suture plugin: it does not export suture_plugin_entry",
                "export that function (suture/plugin.h), or move the file out of the plugin folder")
        }
        let entry = unsafeBitCast(symbol, to: suture_plugin_entry_function.self)
        let plugin = try Self.enter(entry, major: SUTURE_ABI_MAJOR, minor: SUTURE_ABI_MINOR, file)
        guard let plugin, let found = Self.version(plugin), found.major == SUTURE_ABI_MAJOR else {
            var found = plugin.flatMap(Self.version)
            if found == nil { found = try Self.otherVersion(entry, file) }
            throw problem(
                (found.map { "speaks version \($0.major).\($0.minor) of the plugin ABI" }
                    ?? "refuses this version of the plugin ABI")
                    + ", and this host speaks version \(SUTURE_ABI_MAJOR).\(SUTURE_ABI_MINOR)",
                "rebuild it with this host's headers, or use the host that it was made for")
        }
        let table: Foreign<suture_plugin>
        do {
            table = try Foreign(plugin, in: "suture_plugin_entry")
        } catch {
            throw problem("has a broken table: \(error.message)", error.hint)
        }
        let missing =
            table.id == nil
            ? "id"
            : table.version == nil
                ? "version" : table.firstMissing(of: ["start", "component_count", "component_at"])
        if let missing { throw problem("has a broken table: suture_plugin.\(missing) is missing", "set the field") }
        for (field, text) in [("id", table.id), ("version", table.version)] {
            if let complaint = PluginName.complaint(about: text) {
                throw problem("has a broken table: suture_plugin.\(field) \(complaint)", "set the field")
            }
        }
        guard try Self.digest(of: file) == digest else {
            throw problem("changed while it was loaded", "run again when nothing writes to it")
        }
        self.file = file
        self.table = table
        self.digest = digest
        id = table.id.map { String(cString: $0) } ?? ""
        version = table.version.map { String(cString: $0) } ?? ""
    }

    private static func digest(of file: String) throws(RuntimeError) -> String {
        do {
            return try Digest.ofFile(file)
        } catch {
            throw RuntimeError(
                .plugin, "\(file) cannot be read", hint: "check that it is a file and its permissions")
        }
    }

    /// The libraries of this process by file: each is loaded once.
    private static let loaded = Mutex<[String: PluginLibrary]>([:])

    /// The library of a file, loaded now or before, if it is still the one that was planned.
    ///
    /// - Parameter digest: what the file's digest was when the run was planned.
    /// - Throws: `plugin` where it is another; nothing of it has run then.
    static func load(_ file: String, digest: String) throws(RuntimeError) -> PluginLibrary {
        let library = try load(file, planned: digest)
        try compare(library.digest, with: digest, file)
        return library
    }

    private static func compare(_ digest: String, with planned: String, _ file: String) throws(RuntimeError) {
        guard digest != planned else { return }
        throw RuntimeError(
            .plugin,
            "\(file) is not the file that was planned: its SHA-256 was \(planned.prefix(12))… and is "
                + "\(digest.prefix(12))…",
            hint: "start the run anew with this plugin, or put the old one back")
    }

    /// The library of a file, loaded now or before.
    static func load(_ file: String) throws(RuntimeError) -> PluginLibrary { try load(file, planned: nil) }

    private static func load(_ file: String, planned: String?) throws(RuntimeError) -> PluginLibrary {
        if let library = loaded.withLock({ $0[file] }) { return library }
        let call = PluginCall(file: file, operation: "load")
        WorkerLink.current?.enter(call)
        defer { WorkerLink.current?.leave() }
        let library = try PluginLibrary(loading: file, planned: planned)
        return loaded.withLock { all in
            if let other = all[file] { return other }
            all[file] = library
            return library
        }
    }

    /// Hands the host's tables to the plugin, once per process.
    func start() throws(RuntimeError) {
        guard
            isStarted.withLock({ started in
                defer { started = true }
                return !started
            })
        else { return }
        try guarded(PluginCall(file: file, operation: "start")) {
            suture_guarded_start(plugin, HostTables.host, $0)
        }
    }

    // MARK: Components

    /// The C descriptions, as many as there are.
    func components() throws(RuntimeError) -> [UnsafePointer<suture_component>] {
        do throws(ForeignFailure) {
            var count: Int64 = 0
            try ForeignFailure.check(suture_guarded_component_count(plugin, &count))
            var components: [UnsafePointer<suture_component>] = []
            for index in 0..<max(count, 0) {
                var component: UnsafePointer<suture_component>?
                try ForeignFailure.check(suture_guarded_component_at(plugin, index, &component))
                guard let component else {
                    throw ForeignFailure(
                        isException: false, text: "component_count says \(count) and component_at(\(index)) is NULL")
                }
                components.append(component)
            }
            return components
        } catch {
            throw RuntimeError(
                .plugin, "\(file) does not list its components: \(error.text)",
                hint: "report this to its author")
        }
    }

    /// The C description of one component.
    func component(_ kind: ComponentKind, _ id: String) throws(RuntimeError) -> Foreign<suture_component>? {
        WorkerLink.current?.enter(PluginCall(file: file, operation: "load"))
        defer { WorkerLink.current?.leave() }
        for component in try components() {
            guard let component = try? Foreign(component, in: "suture_plugin.component_at") else { continue }
            if component.kind == kind.rawValue, component.id.map({ String(cString: $0) }) == id { return component }
        }
        return nil
    }

    // MARK: Reading the version

    private static func enter(
        _ entry: suture_plugin_entry_function, major: UInt32, minor: UInt32, _ file: String
    ) throws(RuntimeError) -> UnsafePointer<suture_plugin>? {
        do {
            var plugin: UnsafePointer<suture_plugin>?
            try ForeignFailure.check(suture_guarded_entry(entry, major, minor, &plugin))
            return plugin
        } catch {
            throw RuntimeError(
                .plugin, "\(file) let a C++ exception out of suture_plugin_entry: \(error.text)",
                hint: "report this to its author")
        }
    }

    private static func version(_ plugin: UnsafePointer<suture_plugin>) -> (major: UInt32, minor: UInt32)? {
        // Size and version are at the same place in every major.
        let table = UnsafeRawPointer(plugin)
        guard table.load(as: Int.self) >= 16 else { return nil }
        return (table.load(fromByteOffset: 8, as: UInt32.self), table.load(fromByteOffset: 12, as: UInt32.self))
    }

    /// Which version a plugin speaks that refuses ours: the entry is asked for the majors around it.
    private static func otherVersion(
        _ entry: suture_plugin_entry_function, _ file: String
    ) throws(RuntimeError) -> (major: UInt32, minor: UInt32)? {
        let majors = (0...SUTURE_ABI_MAJOR + 8).filter { $0 != SUTURE_ABI_MAJOR }
        for major in majors {
            if let plugin = try enter(entry, major: major, minor: 0, file), let found = version(plugin) { return found }
        }
        return nil
    }
}

/// Runs one guarded call of a plugin: announces it, so that a process that dies in it can be explained, and turns an
/// exception or a returned error into an error of ours.
func guarded(
    _ call: PluginCall, _ body: (UnsafeMutablePointer<OpaquePointer?>) -> OpaquePointer?
) throws(RuntimeError) {
    var returned: OpaquePointer?
    let link = WorkerLink.current
    link?.enter(call)
    let failure = body(&returned)
    link?.leave()
    do {
        try ForeignFailure.check(failure)
    } catch {
        throw error.isException
            ? call.threw(error.text) : RuntimeError(.plugin, "\(call.callee) cannot be called: \(error.text)")
    }
    guard let returned else { return }
    guard suture_host_is_error(returned) != 0 else { throw call.returnedNoError() }
    throw call.failed(Host.take(returned))
}
