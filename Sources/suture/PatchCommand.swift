// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureModel
import SutureRuntime

struct PatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patch", abstract: "Shows patches, applies them to a model folder, and takes them out again.",
        subcommands: [
            Show.self, Apply.self, Revert.self, List.self, Log.self, Check.self, Verify.self, Survive.self, Diff.self,
            Merge.self,
            Scale.self,
            Extract.self,
            Export.self, SBOM.self,
        ])

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
            abstract: "Writes a complete Hugging Face folder of the model with the patch added.",
            discussion: """
                The patch comes after those that are in force in the folder. The model folder itself does not change, unless it is \
                one that this command wrote and is to be changed in place. The new folder holds what `patch revert` needs.
                """)

        @Argument(help: "The model folder that the patch was made for, with patches in force or without.") var model:
            String
        @Argument(help: "The patch folder.") var patch: String
        @Option(help: "What the patch is called from now on, in place of the name of its run.") var name: String?
        @OptionGroup var place: TargetOptions
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let progress = ProgressLine()
            let report = try PatchApplication.apply(
                model: URL(fileURLWithPath: model), patch: URL(fileURLWithPath: patch), name: name, to: place.target,
                links: place.links
            ) { progress.update("writing", done: Int($0 * 100), total: 100) }
            progress.clear()
            try PatchCommand.show(report, json: json)
        }
    }

    struct Revert: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the model without one of its patches, byte for byte as if it had never been applied.")

        @Argument(help: "A folder that `patch apply` has written.") var model: String
        @Argument(help: "The name of the patch; the one that was applied last where it is left out.") var name: String?
        @OptionGroup var place: TargetOptions
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let progress = ProgressLine()
            let report = try PatchApplication.revert(
                model: URL(fileURLWithPath: model), name: name, to: place.target, links: place.links
            ) { progress.update("writing", done: Int($0 * 100), total: 100) }
            progress.clear()
            try PatchCommand.show(report, json: json)
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the patches in force in a model folder, in the order in which they are added.")

        @Argument(help: "A folder that `patch apply` has written.") var model: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let folder = URL(fileURLWithPath: model)
            let record = try StackRecord.read(of: folder)
            if json { return try Terminal.printJSON(record?.members ?? []) }
            guard let record else { throw PatchApplication.hasNone(folder) }
            try Terminal.print(record.table)
        }
    }

    struct Log: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows which patches were applied to a model folder, or taken out, when and by which run.")

        @Argument(help: "A folder that `patch apply` has written.") var model: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let folder = URL(fileURLWithPath: model)
            let log = try PatchLog(of: folder)
            if json { return try Terminal.printJSON(log.entries) }
            guard !log.entries.isEmpty else { throw PatchApplication.hasNone(folder) }
            try Terminal.print(log.table)
        }
    }
}

/// Where an edited model goes.
struct TargetOptions: ParsableArguments {
    @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String?
    @Flag(help: "Replace the model folder as a whole. Only for folders that `patch apply` has written.") var inPlace =
        false
    @Option(help: "What becomes of links that lead out of the model folder: refuse, or keep them as links.")
    var links = OutsideLinks.refuse

    var target: PatchTarget { output.map { .folder(URL(fileURLWithPath: $0)) } ?? .inPlace }

    func validate() throws {
        guard inPlace != (output != nil) else {
            throw ValidationError("Give either --output and the folder to write, or --in-place.")
        }
    }
}

extension PatchCommand {
    static func show(_ report: PatchApplication.Report, json: Bool) throws {
        if json { return try Terminal.printJSON(report) }
        for warning in report.warnings { Terminal.printError(warning, prefix: "warning: ") }
        try Terminal.print(report.output)
    }
}

extension OutsideLinks: ExpressibleByArgument {}
