// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Who may write to what is loaded")
struct WriteAccessTests {
    private let scratch: ScratchFolder
    private var folder: String { scratch.url.resolvingSymlinksInPath().path }
    private var file: String { folder + "/plugins/one.so" }

    init() throws {
        scratch = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: folder + "/plugins", withIntermediateDirectories: true)
        try "".write(toFile: file, atomically: false, encoding: .utf8)
        chmod(folder + "/plugins", 0o755)
        chmod(file, 0o644)
    }

    private func fault(_ path: String) -> RuntimeError? {
        do {
            try WriteAccess.check(path)
            return nil
        } catch {
            return error
        }
    }

    @Test("A file of the user's own in a folder of the user's own is loaded, in /tmp as well, and for a group")
    func own() {
        #expect(fault(file) == nil)
        chmod(file, 0o664)
        chmod(folder + "/plugins", 0o1777)
        #expect(fault(file) == nil)
        #expect(fault(folder + "/none.so") == nil)
    }

    @Test("A file that every user may write to, or replace, is refused with the way to mend it")
    func open() {
        chmod(file, 0o646)
        #expect(
            fault(file)?.description
                == "\(file) is not loaded: every user may write to \(file); take that away: chmod o-w '\(file)'")
        chmod(file, 0o644)
        chmod(folder + "/plugins", 0o777)
        #expect(fault(file)?.message.hasSuffix("every user may write to \(folder)/plugins") == true)
    }

    @Test("A named library that is not loaded is named in a warning, though a bundled one has the same component")
    func named() throws {
        let experiment = try SmallExperiment()
        let library = experiment.scratch.url.appending(path: "mine.so").path
        try FileManager.default.copyItem(atPath: "\(Build.folder)/libsuture-memit.so", toPath: library)
        chmod(library, 0o646)
        let plan = try CommandLineRun(
            ["plan", experiment.file.path, "--plugin", library], cache: experiment.scratch.url)
        #expect(plan.code == 0)
        #expect(plan.errors.contains("warning: \(library) is not loaded: every user may write to \(library); take"))
    }

    @Test("Links on the way count, and so does what they lead to")
    func links() throws {
        for name in ["safe", "open"] { mkdir("\(folder)/\(name)", 0o755) }
        chmod(folder + "/open", 0o777)
        for (link, target) in [
            ("safe/one.so", "../plugins/one.so"), ("open/one.so", file), ("safe/way", "../open"),
            ("safe/circle", "circle"),
        ] { symlink(target, "\(folder)/\(link)") }
        #expect(fault(folder + "/safe/one.so") == nil)
        #expect(fault(folder + "/open/one.so") != nil)
        #expect(fault(folder + "/safe/way/one.so") != nil)
        #expect(fault(folder + "/safe/circle") == nil)
    }

    @Test("What belongs to another user is refused by that user's name", .enabled(if: geteuid() == 0))
    func otherOwner() {
        chown(file, 65_534, 0)
        #expect(fault(file)?.message.contains("\(file) belongs to another user, ") == true)
        chown(file, 0, 0)
        chown(folder + "/plugins", 4_000_000, 0)
        #expect(fault(file)?.message.hasSuffix("\(folder)/plugins belongs to another user, number 4000000") == true)
    }

    @Test("A plugin that every user may write to is a problem of its file, and nothing of it is run")
    func scan() throws {
        let library = folder + "/plugins/functions.so"
        try FileManager.default.copyItem(atPath: Build.library("functions"), toPath: library)
        chmod(library, 0o777)
        let catalogue = try PluginCatalogue.scanBlocking(Build.path([library]), executable: Build.executable)
        #expect(catalogue.problems.map(\.sentence) == ["\(library) is not loaded: every user may write to \(library)"])
        #expect(throws: RuntimeError.self) {
            try BoundFunction(library: library, symbol: "negated", signature: "i32(i32)")
        }
    }
}
