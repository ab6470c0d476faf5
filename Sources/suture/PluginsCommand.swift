// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SutureRuntime

struct PluginsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "Shows which methods were found, where they are, and which settings they have.",
        subcommands: [List.self, Info.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists every component that was found.")

        @Option(help: "A plugin file or folder; may be repeated.") var plugin: [String] = []
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let listing = PluginListing(try PluginCatalogue.scanBlocking(PluginSearchPath(named: plugin)))
            if json { return try Terminal.printJSON(listing) }
            var table = TextTable(header: ["component", "kind", "version", "plugin", "what it does"])
            table.rows = listing.components.map { [$0.id, $0.kind, $0.version, $0.plugin, $0.summary] }
            Terminal.print(table)
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
                if number > 0 { print() }
                Terminal.print(TextTable(facts: one.facts))
                for parameter in one.parameters {
                    let facts = [parameter.type, "default \(parameter.default)", parameter.allowed, parameter.unit]
                    print()
                    Terminal.print(
                        foreign: "  \(parameter.name): \(facts.filter { !$0.isEmpty }.joined(separator: ", "))\n"
                            + "      \(parameter.help)")
                }
            }
        }
    }
}
