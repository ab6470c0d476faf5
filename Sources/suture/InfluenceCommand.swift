// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct InfluenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "influence", abstract: "Traces what a model says to its training examples.",
        discussion: """
            The file names the examples that the model was trained on (training.path) and an estimator \
            (influence.estimator). The queries are the cases' answers, or, with influence.annotator, what the model itself \
            says after their prompts and the annotator marks. The folder gets the scores of all examples, the strongest \
            ones and a page. Training texts are shown only where the file says influence.text: true. An interrupted \
            estimate goes on where it stopped.

            With --validate the model that training began with (validation.base) is then trained again on random subsets of \
            the examples and without the strongest ones, and a table says how well the estimate foretells what comes of it.
            """)

    @OptionGroup var options: PartialRunOptions
    @Flag(
        name: .customLong("validate"),
        help: "Then train the base model without some of the examples, and compare what that does with the estimate.")
    var validates = false

    func run() throws {
        let launcher = try options.launch.launcher()
        let suite = try options.suite(validates ? .validation : .influence)
        let runs = try launcher.planToTrace(suite, output: options.output)
        if validates {
            return try validate(runs, launcher.planToValidate(suite, output: options.output), launcher)
        }
        try PartialRuns(
            runs: runs, name: { $0.experiment.influence?.estimator.id ?? "" },
            alreadyDone: "this influence is already there; --fresh estimates it again", plural: "estimates"
        ).perform(fresh: options.fresh, json: options.json) { (planned, progress) throws(RuntimeError) in
            try launcher.trace(planned, startsAnew: options.fresh, onEvent: progress.show)
        } text: { planned, found in
            InfluenceSummary(file: found, folder: planned.folder, width: Terminal.width).text
        }
    }

    /// Traces and validates each estimate; the table has a row for each.
    private func validate(
        _ estimates: [RunLauncher.PlannedRun], _ validations: [RunLauncher.PlannedRun], _ launcher: RunLauncher
    ) throws {
        var files: [ValidationFile] = []
        try PartialRuns(
            runs: validations, name: { $0.experiment.influence?.estimator.id ?? "" },
            alreadyDone: "this validation is already there; --fresh compares again", plural: "validations"
        ).perform(fresh: options.fresh, json: options.json) { (planned, progress) throws(RuntimeError) in
            guard let place = validations.firstIndex(where: { $0.folder.url == planned.folder.url }) else {
                throw RuntimeError(.usage, "the validation belongs to no estimate")
            }
            _ = try launcher.trace(estimates[place], startsAnew: options.fresh, onEvent: progress.show)
            let file = try launcher.validate(
                planned, of: estimates[place], startsAnew: options.fresh, onEvent: progress.show)
            files.append(file)
            return file
        } text: { planned, file in
            ValidationTable([file]).text(width: Terminal.width)
                + "\n\n\(file.estimator.name): \(planned.folder.url.path)"
        }
        guard files.count > 1, !options.json else { return }
        try Terminal.print("\n" + ValidationTable(files).text(width: Terminal.width))
    }
}
