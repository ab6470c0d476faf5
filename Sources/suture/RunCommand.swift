// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs an experiment: locates, edits, evaluates, and writes a run folder.",
        discussion: """
            Overrides follow Hydra's grammar: method.v_lr=0.1 sets, +key=value adds, ~key removes. With -m, key=a,b is a \
            sweep. A file with variants or a sweep is several runs, and their comparison comes last. A run that is already \
            done is shown, not done again; one that was interrupted continues where it stopped.
            """)

    @Argument(help: "The experiment file.") var file: String?
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @OptionGroup var launch: LaunchOptions
    @Option(help: "Resume the run of this folder.") var resume: String?
    @Flag(name: [.customShort("m"), .long], help: "Treat overrides with several values (key=a,b) as a sweep.")
    var multirun = false
    @Flag(help: "Discard what the run folder holds, and start from the beginning.") var fresh = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let launcher = try launch.launcher()
        switch (file, resume) {
        case (let file?, nil):
            let suite = try ExperimentSuite(
                file: file, overrides: multirun ? [] : overrides, sweeps: multirun ? overrides : [])
            if suite.isComparison { return try compare(suite, launcher) }
            guard let member = suite.members.first else { return }
            try runOne(try launcher.plan(member.experiment), launcher)
        case (nil, let folder?): try runOne(try launcher.resume(folder: folder), launcher)
        case (nil, nil):
            throw RuntimeError(
                .usage, "there is nothing to run", hint: "give an experiment file, or --resume and a run folder")
        case (_?, _?):
            throw RuntimeError(
                .usage, "--resume takes the experiment from its folder", hint: "leave the file and the overrides out")
        }
    }

    private func runOne(_ planned: RunLauncher.PlannedRun, _ launcher: RunLauncher) throws {
        Terminal.printNotes(of: [planned])
        if planned.folder.isDone && !fresh {
            Terminal.printError("this run is already done; --fresh does it again", prefix: "")
        }
        let results = try execute(planned, launcher, label: "")
        if json {
            return try Terminal.printJSON(
                RunAnswer(
                    folder: planned.folder.url.path, results: results, skipped: try launcher.skipped(planned.folder)))
        }
        let cases = try launcher.cases(planned.folder)
        let summary = RunSummary(
            results: results, cases: cases, skipped: try launcher.skipped(planned.folder), folder: planned.folder,
            width: Terminal.width)
        try Terminal.print(summary.text)
    }

    /// All are planned before the first is started, so that a mistake in the last costs no time.
    private func compare(_ suite: ExperimentSuite, _ launcher: RunLauncher) throws {
        let runs = try launcher.plan(suite)
        let planned = runs.map(\.planned)
        Terminal.printNotes(of: planned)
        var comparison = Comparison(title: suite.name, settings: suite.comparison, runs: [])
        for (number, (member, run)) in runs.enumerated() {
            var entry = Comparison.Run(
                label: member.label, variant: member.variant, folder: run.folder.url.path)
            do {
                entry.results = try execute(run, launcher, label: "\(number + 1)/\(runs.count) \(member.label)")
            } catch {
                if error.kind == .interrupted { throw error }
                entry.error = error.description
                Terminal.printError("\(member.label): \(error.description)")
            }
            comparison.runs.append(entry)
        }
        let folder = ComparisonFolder(of: suite.name, runs: planned)
        try folder.write(comparison, source: suite.source)
        if json {
            try Terminal.printJSON(comparison)
        } else {
            try Terminal.print(ComparisonSummary(comparison: comparison, folder: folder, width: Terminal.width).text)
        }
        let failed = comparison.runs.filter { $0.error != nil }
        guard failed.isEmpty else {
            throw RuntimeError(
                .sweep,
                "\(failed.count) of \(comparison.runs.count) runs failed: "
                    + failed.map(\.label).joined(separator: ", "),
                hint: "their sentences are above; run again to try those alone")
        }
    }

    private func execute(
        _ planned: RunLauncher.PlannedRun, _ launcher: RunLauncher, label: String
    ) throws(RuntimeError) -> MetricsFile {
        let progress = ProgressLine(label: label)
        defer { progress.clear() }
        return try launcher.run(planned, startsAnew: fresh, onEvent: progress.show)
    }

    private struct RunAnswer: Encodable {
        var folder: String
        var results: MetricsFile
        var skipped: [SkippedCase]
    }
}
