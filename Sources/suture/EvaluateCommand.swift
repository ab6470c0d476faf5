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

    @Argument(help: "The experiment file.") var file: String
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @OptionGroup var launch: LaunchOptions
    @Option(help: "A patch folder, added to model.patches of the file; may be repeated.") var patch: [String] = []
    @Option(help: "The folder that result folders go into, in place of output.dir.") var output: String?
    @Flag(name: [.customShort("m"), .long], help: "Treat overrides with several values (key=a,b) as a sweep.")
    var multirun = false
    @Flag(help: "Discard what the folder holds, and start from the beginning.") var fresh = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let launcher = try launch.launcher()
        let suite = try ExperimentSuite(
            file: file, overrides: multirun ? [] : overrides, sweeps: multirun ? overrides : [], parts: .evaluators)
        let runs = try launcher.planToEvaluate(suite, patches: patch, output: output)
        try PartialRuns(
            runs: runs, name: { $0.experiment.runID },
            alreadyDone: "these figures are already there; --fresh measures again", plural: "evaluations"
        ).perform(fresh: fresh, json: json) { (planned, progress) throws(RuntimeError) in
            try launcher.evaluate(planned, startsAnew: fresh, onEvent: progress.show)
        } text: { (planned, results) throws(RuntimeError) in
            RunSummary(
                results: results, cases: try launcher.cases(planned.folder),
                skipped: try launcher.skipped(planned.folder),
                folder: planned.folder, width: Terminal.width
            ).text
        }
    }
}
