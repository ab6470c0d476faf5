// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import SutureRuntime

/// `suture patch verify --evaluate` as a user starts it.
@Suite("Measuring recorded cases again")
struct PatchReevaluationTests {
    private struct Answer: Decodable {
        var checks: [String]
        var evaluation: PatchReevaluation
    }

    private static func suture(_ scratch: ScratchFolder, _ arguments: [String]) throws -> CommandLineRun {
        try CommandLineRun(arguments, cache: scratch.url)
    }

    /// A run of `rome` on the bundled model, and its patch.
    private static func run() throws -> (scratch: ScratchFolder, patch: URL) {
        let scratch = try ScratchFolder()
        let world = Repository.world.path
        let text = scratch.url.appending(path: "text.txt")
        try Data("The river Nile flows through Africa.\n".utf8).write(to: text)
        let file = scratch.url.appending(path: "experiment.yaml")
        let experiment = """
            schema: 1
            experiment: look
            model: {source: \(world)/model}
            dataset: {name: counterfact, path: \(world)/facts.json, limit: 2}
            locator: {name: fixed-layers, layers: [1]}
            method: {name: memit, v_num_grad_steps: 10, mom2_update_weight: 20}
            statistics: {path: \(world)/corpus.txt, limit: 200}
            evaluators:
              - counterfact
              - {name: unchanged, as: kept}
              - {name: perplexity, path: \(text.path)}
            output: {dir: \(scratch.url.path)/runs}
            """
        try Data(experiment.utf8).write(to: file)
        let run = try suture(scratch, ["run", file.path])
        #expect(run.code == 0, "\(run.errors)")
        let runs = scratch.url.appending(path: "runs")
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: runs.path).first)
        return (scratch, runs.appending(path: "\(name)/patch"))
    }

    @Test("The figures of a run are found again, over its model and in a folder; what cannot be measured is named")
    func agrees() throws {
        let (scratch, patch) = try Self.run()
        let model = Repository.world.appending(path: "model").path
        let edited = scratch.url.appending(path: "edited").path
        #expect(try Self.suture(scratch, ["patch", "apply", model, patch.path, "--output", edited]).code == 0)
        for arguments in [[patch.path, "--model", model], [edited], [patch.path, "--model", edited]] {
            let run = try Self.suture(scratch, ["patch", "verify", "--evaluate", "--json"] + arguments)
            #expect(run.code == 0, "\(run.output)\(run.errors)")
            let evaluation = try JSON.decode(Answer.self, from: Data(run.output.utf8), name: "it").evaluation
            #expect(evaluation.sentences.isEmpty && !evaluation.figures.isEmpty, "\(evaluation)")
            // What the method says of its own work cannot be measured again.
            let others = evaluation.omissions.flatMap(\.names).filter { !$0.hasPrefix("memit.") }
            #expect(others.isEmpty, "\(evaluation)")
            #expect(evaluation.omissions.map(\.reason) == ["the method measured it during the edit"])
            let names = Set(evaluation.figures.map(\.name))
            #expect(names.isSuperset(of: ["counterfact.efficacy_accuracy", "perplexity.perplexity"]), "\(names)")
            // It compares with the model without its patches, which an edited folder does not hold as such.
            #expect(names.contains { $0.hasPrefix("kept.") })
        }
        // Another text gives other figures, so they are not compared.
        try Data("Lyon lies in France.\n".utf8).write(to: scratch.url.appending(path: "text.txt"))
        let run = try Self.suture(scratch, ["patch", "verify", edited, "--evaluate"])
        #expect(
            run.code == 0 && run.output.contains("not compared are perplexity.perplexity"), "\(run.output)\(run.errors)"
        )
        #expect(run.output.contains("text.txt' of evaluators.perplexity.path is not the run's"))
    }

    @Test("A figure that is not found again ends the command with code 4, unless the tolerance allows it")
    func disagrees() throws {
        let (scratch, patch) = try Self.run()
        let model = Repository.world.appending(path: "model").path
        func path(_ name: String) -> String { scratch.url.appending(path: name).path }
        // Another patch undoes the edit.
        for command in [
            ["scale", "--output", path("opposite"), patch.path, "--", "-1"],
            ["apply", model, patch.path, "--name", "edit", "--output", path("edited")],
            ["apply", path("edited"), path("opposite"), "--name", "opposite", "--in-place"],
        ] {
            let run = try Self.suture(scratch, ["patch"] + command)
            #expect(run.code == 0, "\(run.errors)")
        }
        let run = try Self.suture(scratch, ["patch", "verify", path("edited"), "--evaluate"])
        #expect(run.code == 4, "\(run.output)\(run.errors)")
        #expect(run.output.contains("✗ counterfact.efficacy_success of 'edit' is"), "\(run.output)")
        #expect(run.output.contains("the 2 patches are measured together"))
        #expect(run.output.contains("opposite: nothing is compared: it carries no figures of a run"))
        let wide = ["patch", "verify", path("edited"), "--evaluate", "--tolerance", "1e9"]
        #expect(try Self.suture(scratch, wide).code == 0)
        #expect(try Self.suture(scratch, ["patch", "verify", patch.path, "--evaluate"]).code == 2)
    }

    @Test("A percentage may be off by so many points, another figure by that share of itself")
    func tolerance() {
        func metric(_ value: Double, _ unit: String) -> Metric {
            Metric("m", value, unit: unit, n: 1, direction: .higherIsBetter, protocol: "p")
        }
        let tolerance = PatchReevaluation.Tolerance(percent: 2)
        #expect(tolerance.allowed(for: metric(50, "percent")) == 2)
        #expect(tolerance.allowed(for: metric(0, "percent")) == 2)
        #expect(tolerance.allowed(for: metric(-50, "nats")) == 1)
    }
}
