// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SutureRuntime

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Shows what `run` would do, with every default filled in. Starts nothing.")

    @Argument(help: "The experiment file.") var file: String
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @Option(help: "A plugin file or folder; may be repeated.") var plugin: [String] = []
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let planned = try RunLauncher(plugins: plugin).plan(file: file, overrides: overrides)
        for note in planned.notes { Terminal.printError(note, prefix: "note: ") }
        let plan = try reporting { try PlanSummary(planned) }
        if json { return try Terminal.printJSON(plan) }
        print(planned.experiment.yaml)
        var table = TextTable(header: ["what", "answer"])
        table.rows = plan.lines.map { [$0.0, $0.1] }
        print(table.render())
    }
}
