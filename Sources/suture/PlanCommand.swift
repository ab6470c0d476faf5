// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SutureRuntime

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what `run` would do, with every default filled in, and starts nothing.")

    @Argument(help: "The experiment file.") var file: String
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @OptionGroup var launch: LaunchOptions
    @Flag(help: "Print JSON.") var json = false

    @Flag(name: [.customShort("m"), .long], help: "Treat overrides with several values (key=a,b) as a sweep.")
    var multirun = false

    func run() throws {
        let launcher = try launch.launcher()
        let suite = try ExperimentSuite(
            file: file, overrides: multirun ? [] : overrides, sweeps: multirun ? overrides : [])
        if suite.isComparison { return try list(suite, launcher) }
        guard let member = suite.members.first else { return }
        let planned = try launcher.plan(member.experiment)
        Terminal.printNotes(of: [planned])
        let plan = try reporting { try PlanSummary(planned) }
        if json { return try Terminal.printJSON(plan) }
        try Terminal.print(planned.experiment.yaml)
        try Terminal.print(TextTable(facts: plan.facts))
    }

    /// The runs of a comparison, in their order.
    private func list(_ suite: ExperimentSuite, _ launcher: RunLauncher) throws {
        struct Entry: Encodable {
            var label: String
            var plan: PlanSummary
        }
        let runs = try launcher.plan(suite)
        Terminal.printNotes(of: runs.map(\.planned))
        let entries = try runs.map { member, planned in
            Entry(label: member.label, plan: try reporting { try PlanSummary(planned) })
        }
        if json { return try Terminal.printJSON(entries) }
        var table = TextTable(header: ["run", "cases", "patches", "done", "folder"], numeric: [1, 2])
        table.rows = entries.map {
            [$0.label, String($0.plan.cases), String($0.plan.patches), $0.plan.isDone ? "yes" : "", $0.plan.folder]
        }
        try Terminal.print(table)
    }
}
