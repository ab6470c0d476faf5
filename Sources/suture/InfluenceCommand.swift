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

            Several processes can share the work. --shard 2/5 traces the second of five parts of the examples, and --merge \
            puts the folders of all parts together, with the scores that one process gives. Before that, --fit --shard 2/5 \
            does a fifth of what the estimator has to fit, for processes that share the cache; it is started again until all \
            passes are done.
            """)

    @OptionGroup var options: PartialRunOptions
    @Option(help: "Trace one part of the examples: 2/5 for the second of five.", transform: Shard.parsed)
    var shard: Shard?
    @Flag(help: "Fit the estimator and trace nothing; with --shard, a part of it.") var fit = false
    @Option(parsing: .upToNextOption, help: "Put the folders of all shards together.") var merge: [String] = []

    func validate() throws {
        guard merge.isEmpty || shard == nil && !fit else {
            throw ValidationError("--merge puts finished shards together; give it without --shard and --fit.")
        }
    }

    private var part: InfluencePart {
        if !merge.isEmpty { return .merge(merge) }
        if fit { return .fit(shard ?? .whole) }
        // One shard of one is all.
        return shard.map { $0 == .whole ? .whole : .trace($0) } ?? .whole
    }

    func run() throws {
        let launcher = try options.launch.launcher()
        let part = part
        let runs = try launcher.planToTrace(try options.suite(.influence), output: options.output, part: part)
        switch part {
        case .whole, .merge:
            try perform(runs, "this influence is already there; --fresh estimates it again") {
                (planned, progress) throws(RuntimeError) in
                try launcher.trace(planned, startsAnew: options.fresh, onEvent: progress.show)
            } text: { planned, found in
                InfluenceSummary(file: found, folder: planned.folder, width: Terminal.width).text
            }
        case .trace(let shard):
            try perform(runs, "this shard is already there; --fresh traces it again") {
                (planned, progress) throws(RuntimeError) in
                try launcher.trace(planned, shard, startsAnew: options.fresh, onEvent: progress.show)
            } text: { planned, found in
                InfluenceSummary.text(of: found, planned.folder, width: Terminal.width)
            }
        case .fit(let shard):
            try perform(runs, "this estimator is already fitted; --fresh looks again") {
                (planned, progress) throws(RuntimeError) in
                try launcher.fit(planned, shard, startsAnew: options.fresh, onEvent: progress.show)
            } text: { _, found in
                InfluenceSummary.text(of: found, width: Terminal.width)
            }
        }
    }

    private func perform<Results: Encodable>(
        _ runs: [RunLauncher.PlannedRun], _ alreadyDone: String,
        work: (RunLauncher.PlannedRun, ProgressLine) throws(RuntimeError) -> Results,
        text: (RunLauncher.PlannedRun, Results) throws(RuntimeError) -> String
    ) throws {
        try PartialRuns(
            runs: runs, name: { $0.experiment.influence?.estimator.id ?? "" }, alreadyDone: alreadyDone,
            plural: "estimates"
        ).perform(fresh: options.fresh, json: options.json, work: work, text: text)
    }
}
