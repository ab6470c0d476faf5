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
            """)

    @OptionGroup var options: PartialRunOptions

    func run() throws {
        let launcher = try options.launch.launcher()
        let suite = try options.suite(.influence)
        let runs = try launcher.planToTrace(suite, output: options.output)
        try PartialRuns(
            runs: runs, name: { $0.experiment.influence?.estimator.id ?? "" },
            alreadyDone: "this influence is already there; --fresh estimates it again", plural: "estimates"
        ).perform(fresh: options.fresh, json: options.json) { (planned, progress) throws(RuntimeError) in
            try launcher.trace(planned, startsAnew: options.fresh, onEvent: progress.show)
        } text: { planned, found in
            InfluenceSummary(file: found, folder: planned.folder, width: Terminal.width).text
        }
    }
}
