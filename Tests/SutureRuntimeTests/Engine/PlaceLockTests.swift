// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Locks")
struct PlaceLockTests {
    @Test("who holds a lock is said, it ends with its holder, and a file that a killed process left locks nothing")
    func lock() throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: ".lock")
        try Data("{\"process\":1,\"host\":\"gone\",\"since\":\"2020\"}".utf8).write(to: file)
        var first: PlaceLock? = try PlaceLock(file, of: "the run folder 'x'")
        let error = try failure { try PlaceLock(file, of: "the run folder 'x'") }
        #expect(error.kind == .busy && error.kind.rawValue == 7)
        let process = ProcessInfo.processInfo.processIdentifier
        #expect(error.message.hasPrefix("the run folder 'x' is in use by process \(process) since 2"), "\(error)")
        withExtendedLifetime(first) {}
        first = nil
        #expect(!FileManager.default.fileExists(atPath: file.path))
        _ = try PlaceLock(file, of: "the run folder 'x'")
    }

    @Test("a lock lasts as long as a process that inherited it")
    func inherited() throws {
        let scratch = try ScratchFolder()
        let file = scratch.url.appending(path: ".lock")
        let descriptor = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        #expect(flock(descriptor, LOCK_EX) == 0)
        // The line of the child is its descriptor 3, the lock 4. It ends when the line is closed.
        let child = try ChildProcess(
            "/bin/sh", ["-c", "read x <&3; exit 0"], environment: [:], lineAt: 3, lock: descriptor)
        close(descriptor)
        #expect(throws: RuntimeError.self) { try PlaceLock(file, of: "it") }
        close(child.descriptor)
        #expect(child.end(waits: true) != nil)
        close(child.ending)
        _ = try PlaceLock(file, of: "it")
    }

    @Test("the file of a lock says who holds it, over what the last holder left, however long that was")
    func signature() throws {
        let workspace = try Workspace()
        let file = workspace.folder.appending(path: ".x.lock")
        for left in [nil, "", "{}", String(repeating: "x", count: 3000)] {
            if let left { try left.write(to: file, atomically: false, encoding: .utf8) }
            let lock = try PlaceLock(file, of: "it")
            let holder = try #require(PlaceLock.holder(lock.descriptor))
            #expect(holder.process == ProcessInfo.processInfo.processIdentifier)
            let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path)
            #expect(!names.contains(where: TemporaryPlace.isTemporary))
            withExtendedLifetime(lock) {}
        }
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test("a folder that another process writes by patch apply or revert is left to it")
    func patches() throws {
        let fixture = try PatchFixture()
        try fixture.write(PatchFixture.deltas())
        let edited = fixture.place("before")
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(edited))
        let output = fixture.place("edited")
        let lock = try PlaceLock(fixture.place(".edited.lock"), of: "it")
        for write in [
            { _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(output)) },
            { _ = try PatchApplication.revert(model: edited, to: .folder(output)) },
        ] {
            let error = try failure(write)
            #expect(error.kind == .busy)
            #expect(error.message.hasPrefix("the output folder '\(output.path)' is in use by process "))
        }
        #expect(!FileManager.default.fileExists(atPath: output.path))
        withExtendedLifetime(lock) {}
    }

    @Test("nothing is left beside the output once it is written")
    func noLeftovers() throws {
        let fixture = try PatchFixture()
        try fixture.write(PatchFixture.deltas())
        let before = try FileManager.default.contentsOfDirectory(atPath: fixture.workspace.path)
        _ = try PatchApplication.apply(model: fixture.model, patch: fixture.patch, to: .folder(fixture.place("edited")))
        let after = try FileManager.default.contentsOfDirectory(atPath: fixture.workspace.path)
        #expect(Set(after) == Set(before + ["edited"]))
    }
}
