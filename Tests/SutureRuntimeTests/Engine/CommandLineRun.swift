// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport

/// The built executable as a user starts it.
struct CommandLineRun {
    var code: Int32
    var output: String
    var errors: String

    /// Runs to the end. A cache of its own keeps runs of tests apart from those of the user.
    init(
        _ arguments: [String], executable: String = Build.executable, cache: URL,
        environment changes: [String: String] = [:], meanwhile: (Process) -> Void = { _ in }
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = Repository.root
        var environment = ProcessInfo.processInfo.environment
        environment["SUTURE_CACHE"] = cache.path
        environment["XDG_DATA_HOME"] = cache.path
        environment["XDG_CONFIG_HOME"] = cache.appending(path: "config").path
        environment["SUTURE_PLUGIN_PATH"] = nil
        environment.merge(changes) { $1 }
        process.environment = environment
        // Files, not pipes: a full pipe would stop the program.
        let files = ["out", "err"].map { cache.appending(path: "\(UUID().uuidString).\($0)") }
        for file in files { try Data().write(to: file) }
        process.standardOutput = try FileHandle(forWritingTo: files[0])
        process.standardError = try FileHandle(forWritingTo: files[1])
        try process.run()
        meanwhile(process)
        process.waitUntilExit()
        code = process.terminationStatus
        output = try String(contentsOf: files[0], encoding: .utf8)
        errors = try String(contentsOf: files[1], encoding: .utf8)
    }
}

/// A small experiment on the bundled model, in a folder of its own.
struct SmallExperiment {
    let scratch: ScratchFolder
    let file: URL

    var runs: URL { scratch.url.appending(path: "runs") }

    /// - Parameter lines: replace the lines of the experiment that begin with the same key.
    init(_ lines: [String: String] = [:]) throws {
        scratch = try ScratchFolder()
        file = scratch.url.appending(path: "experiment.yaml")
        let world = Repository.world.path
        var text: [(String, String)] = [
            ("schema", "1"), ("experiment", "small"), ("model", "{source: \(world)/model}"),
            ("dataset", "{name: counterfact, path: \(world)/facts.json, limit: 2}"),
            ("locator", "{name: fixed-layers, layers: [2]}"),
            ("method", "{name: memit, v_num_grad_steps: 4, context_templates: [['{}'], ['Yes. {}']]}"),
            ("edit", "{mode: batch}"), ("statistics", "{path: \(world)/corpus.txt, limit: 400}"),
            ("evaluators", "[{name: counterfact}]"), ("output", "{dir: \(scratch.url.path)/runs}"), ("plugins", "[]"),
        ]
        for (key, value) in lines { text = text.map { $0.0 == key ? (key, value) : $0 } }
        try text.map { "\($0): \($1)\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
    }

    func run(_ arguments: [String] = [], environment: [String: String] = [:], meanwhile: (Process) -> Void = { _ in })
        throws -> CommandLineRun
    {
        try CommandLineRun(
            ["run", file.path] + arguments, cache: scratch.url, environment: environment, meanwhile: meanwhile)
    }

    /// The one run folder.
    func folder() throws -> URL {
        let names = try FileManager.default.contentsOfDirectory(atPath: runs.path)
        guard names.count == 1 else { throw CocoaError(.fileNoSuchFile) }
        return runs.appending(path: names[0])
    }
}
