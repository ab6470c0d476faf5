// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureModel
import SutureRuntime

struct PatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch", abstract: "Shows a patch, applies it to a model folder, or reverts it.",
        subcommands: [Show.self, Apply.self, Revert.self])

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows what a patch changes and where it comes from.")

        @Argument(help: "The patch folder.") var patch: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let manifest = try PatchManifest(folder: URL(fileURLWithPath: patch))
            if json { return try Terminal.printJSON(manifest) }
            try Terminal.print(TextTable(facts: manifest.facts))
            try Terminal.print()
            try Terminal.print(manifest.table)
        }
    }

    struct Apply: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a complete Hugging Face folder of the model with the patch applied.",
            discussion: "The model folder itself does not change. The new folder holds what `patch revert` needs.")

        @Argument(help: "The model folder that the patch was made for.") var model: String
        @Argument(help: "The patch folder.") var patch: String
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String
        @Option(help: ArgumentHelp(linksHelp)) var links = OutsideLinks.refuse
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let progress = ProgressLine()
            let report = try PatchApplication.apply(
                model: URL(fileURLWithPath: model), patch: URL(fileURLWithPath: patch),
                output: URL(fileURLWithPath: output), links: links
            ) { progress.update("writing", done: Int($0 * 100), total: 100) }
            progress.clear()
            if json { return try Terminal.printJSON(report) }
            for warning in report.warnings { Terminal.printError(warning, prefix: "warning: ") }
            try Terminal.print(report.output)
        }
    }

    struct Revert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the model as it was before the patch, byte for byte.")

        @Argument(help: "A folder that `patch apply` has written.") var model: String
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String
        @Option(help: ArgumentHelp(linksHelp)) var links = OutsideLinks.refuse
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let progress = ProgressLine()
            let parameters = try PatchApplication.revert(
                model: URL(fileURLWithPath: model), output: URL(fileURLWithPath: output), links: links
            ) { progress.update("writing", done: Int($0 * 100), total: 100) }
            progress.clear()
            let place = URL(fileURLWithPath: output).standardizedFileURL.path
            if json { return try Terminal.printJSON(Answer(output: place, parameters: parameters)) }
            try Terminal.print(place)
        }

        private struct Answer: Encodable {
            var output: String
            var parameters: [String]
        }
    }
}

private let linksHelp = "What becomes of links that lead out of the model folder: refuse, or keep them as links."

extension OutsideLinks: ExpressibleByArgument {}
