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

            With --validate the model that training began with (validation.base) is then trained again on random subsets of \
            the examples and without the strongest ones, and a table says how well the estimate foretells what comes of it.
            """)

    @OptionGroup var options: PartialRunOptions
    @Option(help: "Trace one part of the examples: 2/5 for the second of five.", transform: Shard.parsed)
    var shard: Shard?
    @Flag(help: "Fit the estimator and trace nothing; with --shard, a part of it.") var fit = false
    @Option(parsing: .upToNextOption, help: "Put the folders of all shards together; give it last.") var merge:
        [String] = []
    @Flag(
        name: .customLong("validate"),
        help: "Then train the base model without some of the examples, and compare what that does with the estimate.")
    var validates = false

    func validate() throws {
        guard !validates || merge.isEmpty && shard == nil && !fit else {
            throw ValidationError("--validate looks at a whole estimate; give it without --shard, --fit and --merge.")
        }
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
        let suite = try options.suite(validates ? .validation : .influence)
        let runs = try launcher.planToTrace(suite, output: options.output, part: part)
        if validates {
            return try validate(runs, launcher.planToValidate(suite, output: options.output), launcher)
        }
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
            // What is fitted is in the cache, whatever the folder says.
            try perform(runs, "", fresh: true) { (planned, progress) throws(RuntimeError) in
                try launcher.fit(planned, shard, startsAnew: true, onEvent: progress.show)
            } text: { _, found in
                InfluenceSummary.text(of: found, width: Terminal.width)
            }
        }
    }

    private func perform<Results: Encodable>(
        _ runs: [RunLauncher.PlannedRun], _ alreadyDone: String, fresh: Bool? = nil,
        work: (RunLauncher.PlannedRun, ProgressLine) throws(RuntimeError) -> Results,
        text: (RunLauncher.PlannedRun, Results) throws(RuntimeError) -> String
    ) throws {
        try PartialRuns(
            runs: runs, name: { $0.experiment.influence?.estimator.id ?? "" }, alreadyDone: alreadyDone,
            plural: "estimates"
        ).perform(fresh: fresh ?? options.fresh, json: options.json, work: work, text: text)
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
            guard let estimate = RunLauncher.estimate(of: planned, among: estimates) else {
                throw RuntimeError(.usage, "the validation '\(planned.folder.url.path)' belongs to no estimate")
            }
            _ = try launcher.trace(estimate, startsAnew: options.fresh, onEvent: progress.show)
            let file = try launcher.validate(planned, of: estimate, startsAnew: options.fresh, onEvent: progress.show)
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
