// SPDX-License-Identifier: Apache-2.0

import SutureRuntime

/// The runs of a command that uses a part of an experiment, one after the other. One that fails does not end the others.
struct PartialRuns<Results: Encodable> {
    let runs: [RunLauncher.PlannedRun]
    /// What a run is called beside others.
    let name: (RunLauncher.PlannedRun) -> String
    /// What is said of a run that was done before.
    let alreadyDone: String
    /// "locators", for the sentence about those that failed.
    let plural: String

    private struct Answer: Encodable {
        var folder: String
        var results: Results
    }

    /// - Parameters:
    ///   - work: does a run, or reads what its folder holds.
    ///   - text: what people read.
    /// - Throws: what is wrong with the only run; `sweep` where some of several have failed.
    func perform(
        fresh: Bool, json: Bool, work: (RunLauncher.PlannedRun, ProgressLine) throws(RuntimeError) -> Results,
        text: (RunLauncher.PlannedRun, Results) throws(RuntimeError) -> String
    ) throws {
        Terminal.printNotes(of: runs)
        var answers: [Answer] = []
        var failed: [String] = []
        for (number, planned) in runs.enumerated() {
            if planned.folder.isDone && !fresh { Terminal.printError(alreadyDone, prefix: "") }
            let progress = ProgressLine(label: runs.count > 1 ? "\(number + 1)/\(runs.count) \(name(planned))" : "")
            defer { progress.clear() }
            do throws(RuntimeError) {
                let results = try work(planned, progress)
                progress.clear()
                answers.append(Answer(folder: planned.folder.url.path, results: results))
                guard !json else { continue }
                let text = try text(planned, results)
                if answers.count > 1 { try Terminal.print() }
                try Terminal.print(text)
            } catch {
                guard runs.count > 1, error.kind != .interrupted else { throw error }
                progress.clear()
                failed.append(name(planned))
                Terminal.printError("\(name(planned)): \(error.description)")
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
                .sweep, "\(failed.count) of \(runs.count) \(plural) failed: " + failed.joined(separator: ", "),
                hint: "their sentences are above; run again to try those alone")
        }
    }
}
