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

    @OptionGroup var options: PartialRunOptions

    func run() throws {
        let launcher = try options.launch.launcher()
        let suite = try options.suite(.locator)
        let runs = try launcher.planToLocate(suite, output: options.output)
        try PartialRuns(
            runs: runs, name: { $0.experiment.locator?.id ?? "" },
            alreadyDone: "these locations are already there; --fresh finds them again", plural: "locators"
        ).perform(fresh: options.fresh, json: options.json) { (planned, progress) throws(RuntimeError) in
            try launcher.locate(planned, startsAnew: options.fresh, onEvent: progress.show)
        } text: { planned, found in
            LocateSummary(file: found, folder: planned.folder, width: Terminal.width).text
        }
    }
}
