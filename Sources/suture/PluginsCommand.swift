// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SutureRuntime

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "Shows which methods were found and which settings they have, and checks a plugin.",
        subcommands: [List.self, Info.self, Check.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists every component that was found.")

        @Option(help: "A plugin file or folder; may be repeated.") var plugin: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let listing = PluginListing(try PluginCatalogue.scanBlocking(PluginSearchPath(named: plugin)))
            if json { return try Terminal.printJSON(listing) }
            var table = TextTable(header: ["component", "kind", "version", "plugin", "what it does"])
            table.rows = listing.components.map { [$0.id, $0.kind, $0.version, $0.plugin, $0.summary] }
            try Terminal.print(table)
            for problem in listing.problems { Terminal.printError(problem.description, prefix: "warning: ") }
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the name, type, default, range and meaning of a component's parameters.")

        @Argument(help: "The component, as in an experiment file.") var component: String
        @Option(help: "A plugin file or folder; may be repeated.") var plugin: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let catalogue = try PluginCatalogue.scanBlocking(PluginSearchPath(named: plugin))
            let found = try PluginListing(catalogue).find(component, in: catalogue)
            if json { return try Terminal.printJSON(found) }
            for (number, one) in found.enumerated() {
                if number > 0 { try Terminal.print() }
                try Terminal.print(TextTable(facts: one.facts))
                for parameter in one.parameters {
                    let facts = [parameter.type, "default \(parameter.default)", parameter.allowed, parameter.unit]
                    try Terminal.print()
                    try Terminal.print(
                        "  \(parameter.name): \(facts.filter { !$0.isEmpty }.joined(separator: ", "))\n"
                            + "      \(parameter.help)")
                }
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks whether the components of a plugin keep the laws of their kind, on a small model.")

        @Argument(help: "The shared library of the plugin.") var file: String
        @Option(help: "Check this component alone.") var component: String?
        @Option(name: .customLong("set"), help: "A setting of the component, key=value; may be repeated.")
        var settings: [String] = []
        @Option(help: "A locator for patchers, as in an experiment file: NAME or {name: NAME, key: value}.")
        var locator: String?
        @Option(help: "The architecture of the small model.") var family = TinyModel.Family.gpt2
        @Option(help: "Seconds without a sign of life after which a component is stuck.") var stallSeconds = 60.0
        @Option(help: "A plugin file or folder for components in settings; may be repeated.") var plugin: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            let largest = WorkerProcess.Limits.largestStallSeconds
            guard stallSeconds > 0, stallSeconds <= largest else {
                throw ValidationError("--stall-seconds must be above 0, and at most \(Int(largest))")
            }
        }

        func run() throws {
            let line = ProgressLine()
            let check = try PluginCheck(
                PluginCheck.Request(
                    file: file, component: component, settings: settings, locator: locator, plugins: plugin,
                    family: family, stallSeconds: stallSeconds),
                onEvent: { component, event in
                    if case .phase(let name, let done, let total) = event {
                        line.update("\(component): \(name)", done: done, total: total)
                    }
                })
            line.clear()
            if json {
                try Terminal.printJSON(check)
            } else {
                try Terminal.print(check.table)
                for problem in check.problems { Terminal.printError(problem.description, prefix: "warning: ") }
            }
            if let kind = check.failure { throw ExitCode(kind.rawValue) }
        }
    }
}

extension TinyModel.Family: ExpressibleByArgument {}
