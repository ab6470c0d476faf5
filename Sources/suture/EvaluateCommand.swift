// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Measures a model, with patches or without, and edits nothing.",
        discussion: """
            It runs the evaluators of an experiment on its data, so the file needs neither a locator nor a method, and theirs \
            are not looked up. With patches, the figures are "before" without and "after" with all of them. Patches lie over \
            the model in memory; nothing is written into its folder. What is already done is shown, not done again.
            """)

    @OptionGroup var options: PartialRunOptions
    @Option(help: "A patch folder, added to model.patches of the file; may be repeated.") var patch: [String] = []

    func run() throws {
        let launcher = try options.launch.launcher()
        let suite = try options.suite(.evaluators)
        let runs = try launcher.planToEvaluate(suite, patches: patch, output: options.output)
        try PartialRuns(
            runs: runs, name: { $0.experiment.runID },
            alreadyDone: "these figures are already there; --fresh measures again", plural: "evaluations"
        ).perform(fresh: options.fresh, json: options.json) { (planned, progress) throws(RuntimeError) in
            try launcher.evaluate(planned, startsAnew: options.fresh, onEvent: progress.show)
        } text: { (planned, results) throws(RuntimeError) in
            RunSummary(
                results: results, cases: try launcher.cases(planned.folder),
                skipped: try launcher.skipped(planned.folder),
                folder: planned.folder, width: Terminal.width
            ).text
        }
    }
}
