// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import SutureModel
@testable import SutureRuntime

@Suite("What killed processes leave", .serialized, .endsWhatHangs)
struct LeftoversTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    private func clean(_ folder: URL, _ more: [String] = []) throws -> CommandLineRun {
        let cache = try ScratchFolder()
        return try CommandLineRun(["clean", folder.path] + more, cache: cache.url)
    }

    private func names(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test("What a living process works on stays; when it is killed, clean lists it, and removes it")
    func held() async throws {
        let place = scratch.url.appending(path: "results")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data("mine".utf8).write(to: place.appending(path: "result"))
        let worker = WorkerProcess(executable: Build.worker)
        let folder = scratch.url
        _ = await #expect(throws: RuntimeError.self) {
            _ = try await worker.run(HoldJob(folder: place.path)) { event in
                guard case .output = event, let process = worker.processID else { return }
                #expect(throws: Never.self) {
                    let living = try self.clean(folder)
                    #expect(living.code == 0 && living.output == "nothing is left to remove\n", "\(living)")
                    #expect(living.errors.split(separator: "\n").count == 3, "\(living.errors)")
                    #expect(living.errors.contains("/results/.result.lock is in use, and stays\n"))
                    #expect(try self.names(place).count == 4)
                }
                kill(process, SIGKILL)
            }
        }
        #expect(try names(place).count == 4)
        let listed = try clean(folder, ["--dry-run"])
        #expect(listed.output.contains("3 leftovers of ") && listed.output.contains("temporary folder"), "\(listed)")
        #expect(try names(place).count == 4)
        let removed = try clean(folder, ["--json"])
        #expect(removed.code == 0 && removed.output.contains("\"kind\" : \"lock\""), "\(removed)")
        #expect(try names(place) == ["result"])
    }

    @Test("Clean leaves runs, patches, models and what only looks alike, and enters no link")
    func others() throws {
        let experiment = try SmallExperiment()
        #expect(try experiment.run().code == 0)
        let run = try experiment.folder()
        let kept = [".lock", ".git.lock", "a.suture-tmp-1", "b.tmp-1-0"]
        for name in kept { try Data("something else".utf8).write(to: experiment.runs.appending(path: name)) }
        let outside = scratch.url.appending(path: "x.suture-tmp-1-0")
        try Data().write(to: outside)
        try FileManager.default.createSymbolicLink(
            at: experiment.runs.appending(path: "link"), withDestinationURL: scratch.url)
        let before = FileManager.default.enumerator(atPath: experiment.runs.path)?.allObjects.count
        // A kill between the last two steps of a run.
        try FileManager.default.createDirectory(at: run.appending(path: "state"), withIntermediateDirectories: true)
        let cleaned = try clean(experiment.runs)
        #expect(cleaned.output.contains("state of a finished run"), "\(cleaned)")
        #expect(FileManager.default.enumerator(atPath: experiment.runs.path)?.allObjects.count == before)
        #expect(FileManager.default.fileExists(atPath: outside.path))
        #expect(try clean(scratch.url.appending(path: "nowhere")).code == 2)
    }

    @Test("A killed patch apply leaves a folder in the making, and the next one beside it removes it")
    func apply() throws {
        let fixture = try PatchFixture()
        try fixture.write(PatchFixture.deltas())
        // Takes a while to copy, and no space here.
        let large = fixture.model.appending(path: "large.dat")
        try Data().write(to: large)
        #expect(truncate(large.path, 1 << 29) == 0)
        func arguments(_ output: String) -> [String] {
            ["patch", "apply", fixture.model.path, fixture.patch.path, "--output", fixture.place(output).path]
        }
        func leftovers() throws -> [String] { try names(fixture.workspace.folder).filter { $0.contains("first") } }
        // That of the lock is there for a moment.
        func isFolder(_ name: String) -> Bool { TemporaryPlace.isTemporary(name) && name.hasPrefix("first") }
        _ = try CommandLineRun(arguments("first"), cache: scratch.url) { process in
            while process.isRunning, (try? leftovers().contains(where: isFolder)) != true {}
            kill(process.processIdentifier, SIGKILL)
        }
        let left = try leftovers()
        #expect(left.contains(".first.lock") && left.contains(where: isFolder), "\(left)")
        try FileManager.default.removeItem(at: large)
        let second = try CommandLineRun(arguments("second"), cache: scratch.url)
        #expect(second.code == 0, "\(second)")
        #expect(try leftovers().isEmpty)
    }

    @Test("The cache of second moments and the folder of a run are cleaned by the next run that meets them")
    func run() throws {
        let experiment = try SmallExperiment()
        let moments = experiment.scratch.url.appending(path: "moments")
        try FileManager.default.createDirectory(at: moments, withIntermediateDirectories: true)
        try Data("half".utf8).write(to: moments.appending(path: "other.safetensors.suture-tmp-999999999-0"))
        let gate = try WorkerGate()
        let gated = try SmallExperiment([
            "evaluators": "[{name: counterfact}, {name: gate, stage: after, pipe: \(gate.pipe)}]",
            "plugins": "[\(Build.library("steps"))]",
        ])
        let killed = try gated.run(["--allow-code"]) { process in
            guard let worker = gate.arrival(whileRunning: process) else { return }
            kill(process.processIdentifier, SIGKILL)
            kill(worker, SIGKILL)
        }
        #expect(killed.code == SIGKILL)
        let folder = try gated.folder()
        for name in ["metrics.json", "state/group-9.json"] {
            try Data("half".utf8).write(to: folder.appending(path: "\(name).suture-tmp-999999999-0"))
        }
        try gate.remove()
        #expect(try gated.run(["--allow-code"]).code == 0)
        let left = FileManager.default.enumerator(atPath: folder.path)?.allObjects.compactMap { $0 as? String } ?? []
        #expect(!left.contains { $0.contains(".suture-tmp-") || $0.hasPrefix("state") || $0 == ".lock" }, "\(left)")

        #expect(try experiment.run().code == 0)
        #expect(!(try names(moments)).contains { $0.contains(".suture-tmp-") })
    }
}
