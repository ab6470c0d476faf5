// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime
import TestSupport
import Testing

/// Whole runs on data of which a part cannot be used.
@Suite(.serialized) struct SkippedCasesTests {
    /// An experiment with four records: one whose prompt is beyond the context, one without its subject, one with a blank at
    /// its end, one whose true object is missing.
    private func experiment(_ invalid: String) throws -> SmallExperiment {
        func record(_ id: Int, _ prompt: String, _ true_: String = "\"Africa\"") -> String {
            """
            {"case_id": \(id), "requested_rewrite": {"prompt": "\(prompt)", "subject": "Nile", "target_new": "Asia", \
            "target_true": \(true_)}}
            """
        }
        let records = [
            record(1, "{}" + String(repeating: " word", count: 400)), record(2, "The Congo is in"),
            record(3, "The river {} flows through "), record(4, "The river {} is in", #"{"str": ""}"#),
        ]
        // The path of the data is found beside the experiment file.
        let experiment = try SmallExperiment(["dataset": "{name: counterfact, path: skipped.json, invalid: \(invalid)}"]
        )
        let data = experiment.scratch.url.appending(path: "skipped.json")
        try Data("[\(records.joined(separator: ",\n"))]".utf8).write(to: data)
        return experiment
    }

    private func text(_ folder: URL, _ name: String) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    @Test("plan names the case and the field, and the run does not begin")
    func stop() throws {
        let experiment = try experiment("stop")
        let plan = try CommandLineRun(["plan", experiment.file.path], cache: experiment.scratch.url)
        #expect(plan.code == 4 && plan.output.isEmpty)
        #expect(plan.errors.contains("case 2 of '") && plan.errors.contains("'requested_rewrite.prompt'"))
        #expect(!FileManager.default.fileExists(atPath: experiment.runs.path))
    }

    @Test("a run leaves them out, and counts and lists them in the terminal, its folder and its page")
    func skip() throws {
        let experiment = try experiment("skip")
        let plan = try CommandLineRun(["plan", experiment.file.path, "--json"], cache: experiment.scratch.url)
        #expect(plan.code == 0, "\(plan.errors)")
        let planned = try JSONDecoder().decode(PlanSummary.self, from: Data(plan.output.utf8))
        #expect(planned.cases == 1 && planned.skipped.map(\.id) == ["2", "1", "4"])

        let run = try experiment.run()
        #expect(run.code == 0, "\(run.errors)")
        let notes = run.errors.split(separator: "\n")
        #expect(notes.count == 5 && notes.allSatisfy { $0.hasPrefix("warning: ") })
        #expect(notes[0].contains("blanks at the ends of texts are cut off in 1 of 4 cases"))
        #expect(notes[1].contains("3 of 4 cases of '") && notes[1].hasSuffix("are skipped, and 1 is left"))
        #expect(notes[2].contains("case 2 of '") && notes[2].contains("which is not in its 'requested_rewrite.prompt'"))
        #expect(notes[3].contains("case 1 of '") && notes[3].contains("tokens in 'prompt'"))
        #expect(notes[4].contains("the evaluator 'counterfact' needs 'target_true', which case 4 of '"))
        #expect(run.output.contains("3 of 4 cases are skipped; skipped.jsonl has the list"))

        let folder = try experiment.folder()
        let listed = try text(folder, "skipped.jsonl").split(separator: "\n").map {
            try JSONDecoder().decode(SkippedCase.self, from: Data($0.utf8))
        }
        #expect(listed == planned.skipped)
        #expect(try text(folder, "report.html").contains("Skipped cases"))
        #expect(try text(folder, "log.jsonl").contains("blanks at the ends of texts are cut off in 1 of 4 cases"))
        let cases = try text(folder, "cases.jsonl").split(separator: "\n")
        #expect(cases.count == 1 && cases[0].contains(#""case_id":"3""#) && cases[0].contains(#""index":0"#))
        #expect(cases[0].contains(#""prompt":"The river Nile flows through""#))

        // What was planned is found again in the folder alone.
        let again = try CommandLineRun(["run", "--resume", folder.path], cache: experiment.scratch.url)
        #expect(again.code == 0 && again.errors.contains("3 of 4 cases of '"), "\(again.errors)")
    }

    @Test("locate leaves them out, too")
    func locate() throws {
        let experiment = try experiment("skip")
        let run = try CommandLineRun(["locate", experiment.file.path, "--json"], cache: experiment.scratch.url)
        #expect(run.code == 0, "\(run.errors)")
        // Its locator does not need the true object.
        #expect(run.errors.contains("2 of 4 cases of '"))
        let folder = try experiment.folder()
        #expect(try text(folder, "skipped.jsonl").split(separator: "\n").count == 2)
        #expect(try text(folder, "report.html").contains("Skipped cases"))
    }
}
