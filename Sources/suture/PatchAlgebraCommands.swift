// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

/// Patches made of patches, and of models that somebody else edited.
extension PatchCommand {
    struct Merge: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes one patch of several of the same model.",
            discussion: "Without --rank nothing is rounded. With it, the share of the norm that is left out is shown.")

        @Argument(help: "The patch folders.") var patches: [String]
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String
        @Option(help: "The largest rank of the change of a matrix.") var rank: Int?
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard patches.count > 1 || rank != nil else {
                throw ValidationError("Give two patches or more, or --rank.")
            }
            guard rank ?? 1 > 0 else { throw ValidationError("--rank must be at least 1.") }
        }

        func run() throws {
            try show(
                try PatchAlgebra.merge(
                    patches.map { URL(fileURLWithPath: $0) }, rank: rank, to: URL(fileURLWithPath: output)),
                output, json: json)
        }
    }

    struct Scale: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Multiplies all changes of a patch.")

        @Argument(help: "The patch folder.") var patch: String
        @Argument(help: "The factor: 0.5 for half of the edit, and, after --, -1 for its opposite.") var factor: Double
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            try show(
                try PatchAlgebra.scale(URL(fileURLWithPath: patch), by: factor, to: URL(fileURLWithPath: output)),
                output,
                json: json)
        }
    }

    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares the changes of two patches of one model, parameter by parameter.",
            discussion: "With --output, what turns the first patch into the second is written as a patch.")

        @Argument(help: "A patch folder.") var first: String
        @Argument(help: "Another one.") var second: String
        @Option(help: "The folder to write the difference to. It must be empty, or not exist yet.") var output: String?
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let (a, b) = (URL(fileURLWithPath: first), URL(fileURLWithPath: second))
            let comparison = try PatchComparison(a, b)
            if let output { _ = try PatchAlgebra.difference(a, b, to: URL(fileURLWithPath: output)) }
            if json { return try Terminal.printJSON(comparison.parameters) }
            try Terminal.print(comparison.table)
            if let output { try Terminal.print(URL(fileURLWithPath: output).standardizedFileURL.path) }
        }
    }

    struct Extract: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a patch of the difference of two model folders, whoever edited the second.",
            discussion: """
                Each changed tensor becomes changed rows, factors of a low rank, or a whole difference, whichever is smallest. \
                Factors have as many ranks as stand out of the rounding of the stored type; what they leave out is shown.
                """)

        @Argument(help: "The model folder before the edit.") var base: String
        @Argument(help: "The model folder after it.") var edited: String
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String
        @Option(help: "The largest rank of the change of a matrix.") var rank: Int?
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard rank ?? 1 > 0 else { throw ValidationError("--rank must be at least 1.") }
        }

        func run() throws {
            let progress = ProgressLine()
            let report = try PatchExtraction.extract(
                base: URL(fileURLWithPath: base), edited: URL(fileURLWithPath: edited), rank: rank,
                to: URL(fileURLWithPath: output)
            ) { progress.update("comparing", done: $0, total: $1) }
            progress.clear()
            if json { return try Terminal.printJSON(report) }
            if !report.otherFiles.isEmpty {
                Terminal.printError(
                    "the folders differ in \(report.otherFiles.joined(separator: ", ")), which a patch does not carry",
                    prefix: "warning: ")
            }
            try Terminal.print(report.table)
            try Terminal.print(report.output)
        }
    }

    private static func show(_ manifest: PatchManifest, _ output: String, json: Bool) throws {
        if json { return try Terminal.printJSON(manifest) }
        try Terminal.print(TextTable(facts: manifest.facts))
        try Terminal.print()
        try Terminal.print(manifest.table)
        try Terminal.print(URL(fileURLWithPath: output).standardizedFileURL.path)
    }
}
