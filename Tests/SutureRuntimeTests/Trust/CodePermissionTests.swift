// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

/// Whole commands on experiment files and run folders that name code.
@Suite("Code that a file names", .serialized)
struct CodePermissionTests {
    /// Leaves a trace where it is loaded.
    private static let library = Build.library("functions")

    private static let ownPlugin = ["plugins": "[\(library)]"]
    private static let ownFunction = [
        "evaluators": "[{name: negatives, annotator: {name: native-function, library: \(library), symbol: same}}]"
    ]

    /// A command on the file of an experiment, and whether the library was loaded on the way.
    private func run(
        _ command: String, _ experiment: SmallExperiment, _ arguments: [String] = []
    ) throws -> (run: CommandLineRun, isLoaded: Bool) {
        let trace = experiment.scratch.url.appending(path: "trace-\(UUID().uuidString)").path
        let run = try CommandLineRun(
            [command] + (command == "run" && arguments.first == "--resume" ? [] : [experiment.file.path]) + arguments,
            cache: experiment.scratch.url, environment: ["SUTURE_TEST_TRACE": trace])
        return (run, FileManager.default.fileExists(atPath: trace))
    }

    @Test(
        "A library that an experiment file names is not loaded without permission, whatever the command",
        arguments: ["plan", "run", "locate"], [ownPlugin, ownFunction])
    func refused(command: String, lines: [String: String]) throws {
        // Locating asks no evaluator, so the function belongs to the locator's file only by its plugin.
        guard command != "locate" || lines["plugins"] != nil else { return }
        let (run, isLoaded) = try run(command, SmallExperiment(lines))
        #expect(run.code == 2, "\(run.errors)")
        #expect(
            run.errors.contains(
                "experiment.yaml would load code that is not in your plugin folders: \(Self.library); look at what it is, "
                    + "then give --allow-code, or list it under allow_code in ~/.config/suture/config.yaml\n"))
        #expect(!isLoaded)
    }

    @Test("--allow-code, the command line and the user's configuration give the permission")
    func allowed() throws {
        let experiment = try SmallExperiment(Self.ownPlugin)
        for arguments in [["--allow-code"], ["--plugin", Self.library]] {
            let (run, isLoaded) = try run("plan", experiment, arguments)
            #expect(run.code == 0 && isLoaded, "\(arguments) \(run.errors)")
        }
        let plain = try SmallExperiment()
        let (typed, isLoaded) = try run("plan", plain, ["plugins=[\(Self.library)]"])
        #expect(typed.code == 0 && isLoaded, "\(typed.errors)")

        let configuration = experiment.scratch.url.appending(path: "config/suture/config.yaml")
        try FileManager.default.createDirectory(
            at: configuration.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data("allow_code: [\(Build.folder)]".utf8).write(to: configuration)
        let (configured, isLoadedToo) = try run("plan", experiment)
        #expect(configured.code == 0 && isLoadedToo, "\(configured.errors)")
    }

    @Test("A library for the loader is named as it is, and a function of it is called with permission")
    func function() throws {
        let lines = [
            "evaluators": "[{name: negatives, annotator: {name: native-function, library: libc.so.6, symbol: atoi, "
                + "signature: i32(str)}}]", "method": "{name: rome, v_num_grad_steps: 2, context_templates: [['{}']]}",
        ]
        let experiment = try SmallExperiment(lines)
        let refused = try run("run", experiment).run
        #expect(refused.code == 2 && refused.errors.contains("plugin folders: libc.so.6;"), "\(refused.errors)")
        let allowed = try run("run", experiment, ["--allow-code"]).run
        #expect(allowed.code == 0, "\(allowed.errors)")
        let typed = try run(
            "plan", experiment,
            ["evaluators=[{name:negatives,annotator:{name:native-function,library:libm.so.6,symbol:floor}}]"])
        #expect(typed.run.code == 0, "\(typed.run.errors)")

        // A folder does not say who wrote it.
        let folder = try experiment.folder()
        try FileManager.default.removeItem(at: folder.appending(path: "DONE"))
        let resumed = try run("run", experiment, ["--resume", folder.path]).run
        #expect(resumed.code == 2 && resumed.errors.contains("the run folder '\(folder.path)' would load code"))
        #expect(try run("run", experiment, ["--resume", folder.path, "--allow-code"]).run.code == 0)
    }

    @Test("A run folder that names a library is not resumed without permission, and nothing is loaded")
    func resume() throws {
        let experiment = try SmallExperiment()
        #expect(try experiment.run().code == 0)
        let folder = try experiment.folder()
        try FileManager.default.removeItem(at: folder.appending(path: "DONE"))
        let resolved = folder.appending(path: "config.resolved.yaml")
        let text = try String(contentsOf: resolved, encoding: .utf8)
        let changed = text.replacing("\(Build.folder)/libsuture-memit.so", with: Self.library)
        #expect(changed != text)
        // A stranger can compute a checksum, too.
        let lines = changed.split(separator: "\n").dropLast().map { $0 + "\n" }.joined()
        try Data(SealedText.seal(lines).utf8).write(to: resolved)
        let (run, isLoaded) = try run("run", experiment, ["--resume", folder.path])
        #expect(run.code == 2, "\(run.errors)")
        #expect(run.errors.contains(Self.library) && !isLoaded)
    }

    @Test("A worker binds functions of those libraries alone that it was permitted")
    func worker() async throws {
        func marks(_ permission: CodePermission) async throws -> Int {
            var job = CallJob(
                file: "\(Build.folder)/libsuture-annotators.so", kind: .annotator, component: "native-function",
                arguments: [.text("libc.so.6"), .text("atoi"), .text("i32(str)"), .boolean(true)], texts: ["in 1989"])
            job.permission = permission
            return try await WorkerProcess(executable: Build.worker).run(job).marks.count
        }
        #expect(try await marks(CodePermission(allowed: ["libc.so.6"])) == 1)
        let error = await #expect(throws: RuntimeError.self) { try await marks(.none) }
        #expect(error?.message.contains("would load code that is not in your plugin folders: libc.so.6") == true)
    }
}
