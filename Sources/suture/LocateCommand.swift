// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct LocateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locate", abstract: "Runs the locator of an experiment alone and draws what it found.",
        discussion: """
            It edits and evaluates nothing, so the file needs neither a method nor evaluators, and theirs are not looked up. \
            The locator sees all cases at once and the model as it is. A file with variants or a sweep runs each locator \
            once. What is already done is shown, not done again.
            """)

    @Argument(help: "The experiment file.") var file: String
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @OptionGroup var launch: LaunchOptions
    @Option(help: "The folder that result folders go into, in place of output.dir.") var output: String?
    @Flag(name: [.customShort("m"), .long], help: "Treat overrides with several values (key=a,b) as a sweep.")
    var multirun = false
    @Flag(help: "Discard what the folder holds, and start from the beginning.") var fresh = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let launcher = try launch.launcher()
        let suite = try ExperimentSuite(
            file: file, overrides: multirun ? [] : overrides, sweeps: multirun ? overrides : [], parts: .locator)
        let runs = try launcher.planToLocate(suite, output: output)
        try PartialRuns(
            runs: runs, name: { $0.experiment.locator?.id ?? "" },
            alreadyDone: "these locations are already there; --fresh finds them again", plural: "locators"
        ).perform(fresh: fresh, json: json) { (planned, progress) throws(RuntimeError) in
            try launcher.locate(planned, startsAnew: fresh, onEvent: progress.show)
        } text: { planned, found in
            LocateSummary(file: found, folder: planned.folder, width: Terminal.width).text
        }
    }
}
