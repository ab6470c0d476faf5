// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime
import TestSupport
import Testing

/// Whole runs through the built executable.
@Suite(.serialized) struct RunTests {
    private func metrics(_ folder: URL) throws -> MetricsFile {
        try JSONDecoder().decode(MetricsFile.self, from: Data(contentsOf: folder.appending(path: "metrics.json")))
    }

    @Test("a run edits the model by a plugin and leaves the documented files, DONE last")
    func files() throws {
        let experiment = try SmallExperiment()
        let run = try experiment.run()
        #expect(run.code == 0, "\(run.errors)")
        let folder = try experiment.folder()
        let names = try Set(FileManager.default.contentsOfDirectory(atPath: folder.path))
        #expect(
            names == [
                "config.source.yaml", "config.resolved.yaml", "cases.jsonl", "metrics.json", "locations.json", "patch",
                "report.html", "log.jsonl", "DONE",
            ])
        let results = try metrics(folder)
        let found = Set(results.metrics.map { "\($0.stage) \($0.name)" })
        for name in ["efficacy_success", "paraphrase_accuracy", "neighborhood_magnitude", "score"] {
            #expect(found.contains("before \(name)") && found.contains("after \(name)"))
        }
        #expect(results.weights.map(\.parameter) == ["transformer.h.2.mlp.c_proj.weight"])
        #expect(results.weights.allSatisfy { $0.deltaNorm > 0 && $0.rank == 2 })
        for phase in ["statistics", "keys", "values", "solve"] { #expect(results.seconds[phase] != nil) }
        #expect(run.output.contains("wanted") && run.output.contains(folder.path))
        #expect(run.errors.isEmpty, "no progress where there is no terminal: \(run.errors)")
    }

    @Test("a run that is done is shown, not done again")
    func idempotent() throws {
        let experiment = try SmallExperiment()
        let first = try experiment.run()
        let again = try experiment.run()
        #expect(again.code == 0 && again.output == first.output)
        #expect(again.errors.contains("already done"))
    }

    @Test(
        "a run whose worker is killed resumes and ends with the numbers of an undisturbed run, the model untouched",
        arguments: [
            ("before", "{name: memit, v_num_grad_steps: 4, context_templates: [['{}'], ['Yes. {}']]}", "{mode: batch}"),
            (
                "pass-1",
                "{name: ime, iterations: 2, base: {name: memit, v_num_grad_steps: 4, context_templates: [['{}']]}}",
                "{mode: batch}"
            ),
            (
                "batch-1", "{name: alphaedit, L2: 1, v_num_grad_steps: 4, context_templates: [['{}']]}",
                "{mode: sequential}"
            ),
        ])
    func resume(stage: String, method: String, edit: String) throws {
        let model = Repository.world.appending(path: "model/model.safetensors")
        let before = try Data(contentsOf: model)
        // The gate comes after the other evaluator: when it is reached, the first scores of the stage are on disk.
        func experiment(_ gate: WorkerGate) throws -> SmallExperiment {
            try SmallExperiment([
                "method": method, "edit": edit,
                "evaluators": "[{name: counterfact}, {name: gate, stage: \(stage), pipe: \(gate.pipe)}]",
            ])
        }
        let open = try WorkerGate()
        try open.remove()
        let undisturbed = try experiment(open)
        let steps = ["--plugin", Build.library("steps")]
        #expect(try undisturbed.run(steps).code == 0)

        let gate = try WorkerGate()
        let killed = try experiment(gate)
        let run = try killed.run(steps) { process in
            let worker = gate.arrival(whileRunning: process)
            #expect(worker != nil, "the run ended before the stage \(stage)")
            if let worker { kill(worker, SIGKILL) }
        }
        try gate.remove()
        #expect(run.code == 1, "\(run.errors)")
        let folder = try killed.folder()
        #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "DONE").path))
        let resumed = try CommandLineRun(["run", "--resume", folder.path] + steps, cache: killed.scratch.url)
        #expect(resumed.code == 0, "\(resumed.errors)")
        let expected = try metrics(undisturbed.folder())
        let found = try metrics(folder)
        #expect(found.metrics == expected.metrics)
        #expect(found.weights == expected.weights)
        #expect(expected.processes == 1 && found.processes == 2, "the times are those of both processes")
        #expect(try Data(contentsOf: model) == before)
    }

    @Test("the method is swapped by one word, and single mode restores the weights after each case")
    func single() throws {
        let experiment = try SmallExperiment([
            "method": "{name: rome, v_num_grad_steps: 3, context_templates: [['{}']]}", "edit": "{mode: single}",
        ])
        let run = try experiment.run()
        #expect(run.code == 0, "\(run.errors)")
        let weights = try metrics(experiment.folder()).weights
        #expect(weights.map(\.group) == [0, 1])
        #expect(weights.allSatisfy { $0.rank == 1 } && Set(weights.map(\.baseNorm)).count == 1)
    }

    @Test("a method swapped on the command line is not told what the file says to the other, and the user is told so")
    func swap() throws {
        let experiment = try SmallExperiment(["method": "{name: memit, mom2_update_weight: 5, v_num_grad_steps: 4}"])
        let plan = try CommandLineRun(
            ["plan", experiment.file.path, "method.name=rome"], cache: experiment.scratch.url)
        #expect(plan.code == 0, "\(plan.errors)")
        #expect(plan.errors == "note: rome has no mom2_update_weight; what the file says there is left out\n")
        let wrong = try CommandLineRun(
            ["plan", experiment.file.path, "method.name=rome", "method.mom2_update_weight=5"],
            cache: experiment.scratch.url)
        #expect(wrong.code == 2, "what the command line says is checked")
    }

    @Test("batches of evaluation and of value optimisation do not change a result")
    func batches() throws {
        let wide = try SmallExperiment()
        let narrow = try SmallExperiment([
            "method":
                "{name: memit, v_num_grad_steps: 4, context_templates: [['{}'], ['Yes. {}']], batch_tokens: 64}"
        ])
        #expect(try wide.run().code == 0)
        #expect(try narrow.run().code == 0)
        let (a, b) = (try metrics(wide.folder()), try metrics(narrow.folder()))
        for (x, y) in zip(a.weights, b.weights) { #expect(abs(x.deltaNorm - y.deltaNorm) < 1e-3 * x.deltaNorm) }
        for (x, y) in zip(a.metrics, b.metrics) { #expect(abs(x.value - y.value) < 0.1) }
    }

    @Test("without a plugin's file its methods alone are gone, and the error says where was looked and what is there")
    func missingPlugin() throws {
        let scratch = try ScratchFolder()
        // By another program: a process that another test starts meanwhile would inherit the open file and keep it busy.
        let copy = Process()
        copy.executableURL = URL(fileURLWithPath: "/bin/cp")
        copy.arguments =
            ["suture", "libsuture-locators.so", "libsuture-evaluators.so"].map { "\(Build.folder)/\($0)" } + [
                scratch.url.path
            ]
        try copy.run()
        copy.waitUntilExit()
        let executable = scratch.url.appending(path: "suture").path
        let list = try CommandLineRun(["plugins", "list", "--json"], executable: executable, cache: scratch.url)
        #expect(list.output.contains("fixed-layers") && !list.output.contains("memit"))
        let experiment = try SmallExperiment()
        let run = try CommandLineRun(["run", experiment.file.path], executable: executable, cache: scratch.url)
        #expect(run.code == 3)
        #expect(run.errors.contains("memit") && run.errors.contains(scratch.url.lastPathComponent))
        #expect(!FileManager.default.fileExists(atPath: experiment.runs.path))
        let library = Build.library("memit", prefix: "suture")
        let given = try CommandLineRun(
            ["plan", experiment.file.path, "--plugin", library], executable: executable, cache: scratch.url)
        #expect(given.code == 0, "\(given.errors)")
    }

    @Test(
        "a wrong input is one sentence with its exit code, and nothing is written",
        arguments: [
            (["edit": "{mode: batch, sizes: 2}"], 2, "sizes"),
            (["method": "{name: memit, v_num_grad_steps: many}"], 2, "v_num_grad_steps must be a whole number"),
            (["method": "{name: memit, clamp_norm_factor: -1}"], 2, "clamp_norm_factor must be > 0, got -1"),
            (["method": "{name: memt}"], 3, "did you mean \"memit\"?"),
            (["model": "{source: /nonexistent}"], 4, "/nonexistent"),
            (["dataset": "{name: counterfact, path: /nonexistent.json}"], 4, "/nonexistent.json"),
            (["locator": "{name: fixed-layers, layers: [99]}"], 2, "99"),
        ] as [([String: String], Int32, String)])
    func wrongInputs(lines: [String: String], code: Int32, sentence: String) throws {
        let experiment = try SmallExperiment(lines)
        let run = try experiment.run()
        #expect(run.code == code, "\(run.errors)")
        #expect(run.errors.contains(sentence), "\(run.errors)")
        #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
        #expect(run.output.isEmpty)
    }
}
