// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs an experiment: locates, edits, evaluates, and leaves a run folder.",
        discussion: """
            Overrides follow Hydra's grammar: method.v_lr=0.1 sets, +key=value adds, ~key removes. A run that is already done \
            is shown, not done again; one that was interrupted goes on where it stopped.
            """)

    @Argument(help: "The experiment file.") var file: String?
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @Option(help: "A plugin file or folder; may be repeated.") var plugin: [String] = []
    @Option(help: "Go on with the run of this folder.") var resume: String?
    @Flag(help: "Forget what the run folder holds and start anew.") var fresh = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let launcher = RunLauncher(plugins: plugin)
        let planned = try plan(launcher)
        for note in planned.notes { Terminal.printError(note, prefix: "note: ") }
        let progress = ProgressLine()
        if planned.folder.isDone && !fresh {
            Terminal.printError("this run is already done; --fresh does it again", prefix: "")
        }
        defer { progress.clear() }
        let results = try launcher.run(planned, startsAnew: fresh) { event in
            switch event {
            case .phase(let name, let done, let total): progress.update(name, done: done, total: total)
            case .log(let level, let message) where level >= 2:
                progress.clear()
                Terminal.printError(message, prefix: level >= 3 ? "error: " : "warning: ")
            default: break
            }
        }
        progress.clear()
        if json {
            return try Terminal.printJSON(
                RunAnswer(folder: planned.folder.url.path, results: results))
        }
        print(RunSummary(results: results, cases: try launcher.cases(planned.folder), folder: planned.folder).text)
    }

    private func plan(_ launcher: RunLauncher) throws -> RunLauncher.PlannedRun {
        switch (file, resume) {
        case (let file?, nil): return try launcher.plan(file: file, overrides: overrides)
        case (nil, let folder?): return try launcher.resume(folder: folder)
        case (nil, nil):
            throw RuntimeError(
                .usage, "there is nothing to run", hint: "give an experiment file, or --resume and a run folder")
        case (_?, _?):
            throw RuntimeError(
                .usage, "--resume takes the experiment from its folder", hint: "leave the file and the overrides out")
        }
    }

    private struct RunAnswer: Encodable {
        var folder: String
        var results: MetricsFile
    }
}

/// A finished run in the terminal: what the model says now, the figures, where it all lies.
struct RunSummary {
    let results: MetricsFile
    let cases: [CaseResult]
    let folder: RunFolder

    /// Prompts beyond which the table refers to the file.
    private static let longestTable = 20

    var text: String {
        [answers, metrics, weights, seconds, "run folder: \(folder.url.path)"]
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var answers: String {
        var table = TextTable(header: ["prompt", "before", "after", "wanted"])
        table.rows = cases.prefix(RunSummary.longestTable).map {
            [$0.prompt, $0.answers["before"] ?? "", $0.answers["after"] ?? "", $0.targetNew]
        }
        let rest = cases.count - table.rows.count
        return table.render() + (rest > 0 ? "\n… and \(rest) more in cases.jsonl" : "")
    }

    private var metrics: String {
        var table = TextTable(header: ["metric", "before", "after", "±", "unit", "n", "protocol"], numeric: [1, 2, 3, 5])
        var order: [String] = []
        var stages: [String: [String: StagedMetric]] = [:]
        for metric in results.metrics {
            let key = "\(metric.evaluator).\(metric.name)"
            if stages[key] == nil { order.append(key) }
            stages[key, default: [:]][metric.stage] = metric
        }
        for key in order {
            guard let found = stages[key], let any = found["after"] ?? found["before"] else { continue }
            func value(_ stage: String) -> String { found[stage].map { Figures.text($0.value) } ?? "" }
            table.rows.append([
                key, value("before"), value("after"), any.standardError.map(Figures.text) ?? "", any.unit,
                String(any.n), any.protocol,
            ])
        }
        return table.rows.isEmpty ? "" : table.render()
    }

    private var weights: String {
        var table = TextTable(header: ["parameter", "‖Δ‖", "‖Δ‖/‖W‖", "rank"], numeric: [1, 2, 3])
        table.rows = results.weights.prefix(RunSummary.longestTable).map {
            [
                $0.parameter, Figures.text($0.deltaNorm),
                $0.baseNorm > 0 ? Figures.text($0.deltaNorm / $0.baseNorm) : "", $0.rank.map(String.init) ?? "dense",
            ]
        }
        let rest = results.weights.count - table.rows.count
        return table.render() + (rest > 0 ? "\n… and \(rest) more in metrics.json" : "")
    }

    private var seconds: String {
        let phases = results.seconds.filter { $0.value >= 0.005 }.sorted { $0.value > $1.value }
        return "seconds: " + phases.map { "\($0.key) \(Figures.text($0.value))" }.joined(separator: ", ")
    }
}
