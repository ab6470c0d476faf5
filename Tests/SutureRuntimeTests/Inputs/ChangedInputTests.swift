// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import SutureRuntime

/// Whole runs whose inputs change under their hands. Everything that they read is in a folder of their own.
@Suite("Inputs that change", .serialized)
struct ChangedInputTests {
    private let experiment: SmallExperiment
    private let gate: WorkerGate
    private var scratch: URL { experiment.scratch.url }

    init() throws {
        let own = try ScratchFolder()
        gate = try WorkerGate()
        let world = Repository.world
        experiment = try SmallExperiment(
            [
                "model": "{source: INPUTS/model}", "dataset": "{name: counterfact, path: INPUTS/facts.json, limit: 2}",
                "method": "{name: rome, mom2_adjustment: false, v_num_grad_steps: 2, context_templates: [['{}']]}",
                "statistics": "{path: INPUTS/corpus.txt, limit: 50}", "plugins": "[INPUTS/libfault-steps.so]",
                "evaluators":
                    "[{name: perplexity, path: INPUTS/text.txt}, {name: gate, stage: before, pipe: \(gate.pipe)}, "
                    + "{name: negatives, max_new_tokens: 2, annotator: {name: word-list, path: INPUTS/words.txt}}]",
            ].mapValues { $0.replacingOccurrences(of: "INPUTS", with: own.url.path) })
        inputs = own
        let manager = FileManager.default
        for name in ["model", "facts.json", "corpus.txt"] {
            try manager.copyItem(at: world.appending(path: name), to: own.url.appending(path: name))
        }
        try manager.copyItem(atPath: Build.library("steps"), toPath: file("libfault-steps.so").path)
        try Data("The cat sat on the mat.\nIt rains.\n".utf8).write(to: file("text.txt"))
        try Data("rain\ncity\n".utf8).write(to: file("words.txt"))
    }

    private let inputs: ScratchFolder

    private func file(_ name: String) -> URL { inputs.url.appending(path: name) }

    private func resume(_ folder: URL) throws -> CommandLineRun {
        try CommandLineRun(["run", "--resume", folder.path, "--allow-code"], cache: scratch)
    }

    /// Changes one byte of a file in place while `body` runs, and puts it back.
    private func flipping<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
        let handle = try FileHandle(forUpdating: url)
        defer { try? handle.close() }
        let place = try handle.seekToEnd() / 2
        try handle.seek(toOffset: place)
        let byte = try #require(handle.read(upToCount: 1)?.first)
        func put(_ byte: UInt8) throws {
            try handle.seek(toOffset: place)
            try handle.write(contentsOf: Data([byte]))
        }
        try put(byte ^ 1)
        let result = try body()
        try put(byte)
        return result
    }

    /// Runs until the worker waits in the stage `before`, and kills it.
    private func killedRun() throws -> URL {
        let run = try experiment.run(["--allow-code"]) { process in
            if let worker = gate.arrival(whileRunning: process) { kill(worker, SIGKILL) }
        }
        #expect(run.code == 1, "\(run.errors)")
        return try experiment.folder()
    }

    @Test("a killed run is not resumed with another text, model, plugin, configuration or state; each is named")
    func resumed() throws {
        let folder = try killedRun()
        try gate.remove()
        let state = folder.appending(path: "state")
        func refusal(_ url: URL) throws -> CommandLineRun { try flipping(url) { try resume(folder) } }
        for (name, setting) in [
            ("text.txt", "evaluators.perplexity.path"), ("words.txt", "evaluators.negatives.annotator.path"),
            ("facts.json", "dataset.path"), ("corpus.txt", "statistics.path"),
        ] {
            let run = try refusal(file(name))
            #expect(run.code == 4)
            #expect(
                run.errors
                    == "suture: the file '\(file(name).path)' of \(setting) has changed since the run began; put it back, "
                    + "or start the run anew\n")
        }
        for name in ["model.safetensors", "config.json", "tokenizer.json"] {
            let run = try refusal(file("model/\(name)"))
            #expect(
                run.code == 4 && run.errors.contains("'\(file("model").path)' of model.source has changed"),
                "\(run.errors)")
        }
        let plugin = try refusal(file("libfault-steps.so"))
        #expect(plugin.code == 3)
        #expect(
            plugin.errors.contains("the plugin fault.steps (\(file("libfault-steps.so").path)) has changed since"),
            "\(plugin.errors)")
        let configuration = try refusal(folder.appending(path: "config.resolved.yaml"))
        #expect(configuration.code == 4)
        #expect(configuration.errors.contains("config.resolved.yaml' is not as suture wrote it: its checksum differs"))

        let kept = try FileManager.default.subpathsOfDirectory(atPath: state.path)
            .filter { $0.contains(".") }.sorted()
        #expect(kept == ["answers-before-0.json", "scores.jsonl", "seconds.json"])
        for name in kept {
            let run = try refusal(state.appending(path: name))
            #expect(run.code == 4, "\(name): \(run.errors)")
            #expect(
                run.errors.contains(name) && run.errors.contains("is damaged: its checksum differs"), "\(run.errors)")
            #expect(run.errors.contains("remove the folder 'state' of the run and resume"), "\(run.errors)")
        }
        let run = try resume(folder)
        #expect(run.code == 0, "\(run.errors)")
    }

    @Test("a plugin that was replaced between plan and worker is not loaded, and is named with its file")
    func replacedPlugin() throws {
        let folder = try killedRun()
        let library = file("libfault-steps.so")
        try FileManager.default.removeItem(at: library)
        // Its constructor would end the process.
        try FileManager.default.copyItem(atPath: Build.library("load"), toPath: library.path)
        let error = try failure {
            try WorkerProcess(executable: Build.executable).runBlocking(RunJob(FolderTask(folder: folder.path)))
        }
        #expect(
            error
                == RuntimeError(
                    .plugin, "the plugin fault.steps (\(library.path)) has changed since the run began",
                    hint: "put it back, or start the run anew"))
        let digest = String(repeating: "0", count: 64)
        let loading = try failure { try PluginLibrary.load(library.path, digest: digest) }
        #expect(
            loading.message.hasPrefix("\(library.path) is not the file that was planned: its SHA-256 was 000000000000"))
    }

    @Test("another text is another run, not one that is already done, and the results of the first stay")
    func another() throws {
        try gate.remove()
        #expect(try experiment.run(["--allow-code"]).code == 0)
        try Data("The dog sat on the mat.\nIt snows.\n".utf8).write(to: file("text.txt"))
        let run = try experiment.run(["--allow-code"])
        #expect(run.code == 0 && !run.errors.contains("already done"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: experiment.runs.path).count == 2)
        #expect(try experiment.run(["--allow-code"]).errors.contains("already done"))

        let folders = try FileManager.default.contentsOfDirectory(atPath: experiment.runs.path).sorted()
            .map { experiment.runs.appending(path: $0).path }
        let comparison = try CommandLineRun(["compare"] + folders, cache: scratch)
        #expect(comparison.code == 0)
        #expect(
            comparison.errors
                == "warning: '\(folders[1])' has read other contents under evaluators.perplexity.path than '\(folders[0])', so "
                + "figures that rest on it cannot be compared\n")
    }

    struct Change: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var sentence: String
        /// Gets the folder of the inputs and the number of the worker, which waits; true: the worker is to go on.
        var make: @Sendable (URL, pid_t) throws -> Bool
    }

    static let changes: [Change] = [
        Change(testDescription: "a text", sentence: "the file 'INPUTS/text.txt' of evaluators.perplexity.path") {
            inputs, _ in
            try Data("Another.\nText.\n".utf8).write(to: inputs.appending(path: "text.txt"))
            return true
        },
        Change(
            testDescription: "a word list in another component",
            sentence: "the file 'INPUTS/words.txt' of evaluators.negatives.annotator.path"
        ) {
            inputs, _ in
            try FileManager.default.removeItem(at: inputs.appending(path: "words.txt"))
            return true
        },
        Change(
            testDescription: "a model that is replaced", sentence: "'INPUTS/model/model.safetensors' of model.source"
        ) {
            inputs, _ in
            let model = inputs.appending(path: "model/model.safetensors")
            var data = try Data(contentsOf: model)
            data[data.count - 1] ^= 1
            try data.write(to: model, options: .atomic)
            return true
        },
        Change(
            testDescription: "a model that is cut short", sentence: "'INPUTS/model/model.safetensors' of model.source"
        ) {
            inputs, worker in
            #expect(truncate(inputs.appending(path: "model/model.safetensors").path, 4096) == 0)
            // As where the evaluator reads the weights just then.
            kill(worker, SIGBUS)
            return false
        },
    ]

    @Test(
        "what changes during a run ends it, under its own name, and a run that goes on later knows nothing of it",
        arguments: changes)
    func running(change: Change) throws {
        let names = ["text.txt", "words.txt", "model/model.safetensors"]
        let before = try names.map { try Data(contentsOf: file($0)) }
        let run = try experiment.run(["--allow-code"]) { process in
            guard let worker = gate.arrival(whileRunning: process) else { return }
            do {
                if try change.make(inputs.url, worker) { gate.open() }
            } catch {
                Issue.record(error)
                kill(worker, SIGKILL)
            }
        }
        let sentence = change.sentence.replacingOccurrences(of: "INPUTS", with: inputs.url.path)
        #expect(run.code == 4)
        #expect(
            run.errors == "suture: \(sentence) has changed since the run began; put it back, or start the run anew\n")
        let folder = try experiment.folder()
        #expect(try String(contentsOf: folder.appending(path: "FAILED"), encoding: .utf8).hasPrefix(sentence))
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "DONE").path))

        guard change.sentence.contains("safetensors") else { return }
        for (name, data) in zip(names, before) { try data.write(to: file(name)) }
        try gate.remove()
        let resumed = try resume(folder)
        #expect(resumed.code == 0, "\(resumed.errors)")
    }

    @Test("a second process is told who works in the folder, and a killed one leaves nothing in the way")
    func busy() throws {
        var others: [CommandLineRun] = []
        let run = try experiment.run(["--allow-code"]) { process in
            guard let worker = gate.arrival(whileRunning: process), let folder = try? experiment.folder() else {
                return
            }
            let arguments = [
                ["run", experiment.file.path], ["run", experiment.file.path, "--fresh"],
                ["run", "--resume", folder.path],
            ]
            others = arguments.compactMap { try? CommandLineRun($0 + ["--allow-code"], cache: scratch) }
            for other in others {
                #expect(other.code == 7)
                let start =
                    "suture: the run folder '\(folder.path)' is in use by process \(process.processIdentifier) since 2"
                #expect(other.errors.hasPrefix(start), "\(other.errors)")
            }
            kill(process.processIdentifier, SIGKILL)
            kill(worker, SIGKILL)
        }
        #expect(run.code == SIGKILL && others.count == 3)
        try gate.remove()
        let next = try experiment.run(["--allow-code"])
        #expect(next.code == 0, "\(next.errors)")
        #expect(!FileManager.default.fileExists(atPath: try experiment.folder().appending(path: ".lock").path))
    }
}
