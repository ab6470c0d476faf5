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
        Terminal.printNotes(of: runs)
        var answers: [Answer] = []
        var failed: [String] = []
        for (number, planned) in runs.enumerated() {
            if planned.folder.isDone && !fresh {
                Terminal.printError("these locations are already there; --fresh finds them again", prefix: "")
            }
            let name = planned.experiment.locator?.id ?? ""
            let progress = ProgressLine(
                label: runs.count > 1 ? "\(number + 1)/\(runs.count) \(name)" : "")
            defer { progress.clear() }
            do {
                let found = try launcher.locate(planned, startsAnew: fresh, onEvent: progress.show)
                progress.clear()
                answers.append(Answer(folder: planned.folder.url.path, results: found))
                guard !json else { continue }
                if answers.count > 1 { try Terminal.print() }
                try Terminal.print(LocateSummary(file: found, folder: planned.folder, width: Terminal.width).text)
            } catch {
                guard runs.count > 1, error.kind != .interrupted else { throw error }
                progress.clear()
                failed.append(name)
                Terminal.printError("\(name): \(error.description)")
            }
        }
        if json {
            if runs.count == 1, let answer = answers.first {
                try Terminal.printJSON(answer)
            } else {
                try Terminal.printJSON(answers)
            }
        }
        guard failed.isEmpty else {
            throw RuntimeError(
                .sweep, "\(failed.count) of \(runs.count) locators failed: " + failed.joined(separator: ", "),
                hint: "their sentences are above; run again to try those alone")
        }
    }

    private struct Answer: Encodable {
        var folder: String
        var results: LocationsFile
    }
}
