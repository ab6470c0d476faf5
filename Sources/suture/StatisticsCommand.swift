// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct StatisticsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics",
        abstract: "Computes the second moments of an experiment, in parts or as a whole, and exchanges them.",
        subcommands: [Compute.self, Merge.self, Import.self, Export.self])

    struct Compute: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Computes the second moments that the runs of an experiment will look for.",
            discussion: """
                Without --shard, what is missing is computed and kept in the cache. With it, one shard of the text is added up into \
                a file; `suture statistics merge` puts the files of all shards together. The result does not depend on how many \
                shards there are. A shard that was killed is computed again; one that is done is left as it is.
                """)

        @OptionGroup var experiment: StatisticsOptions
        @Option(help: "The shard to compute: 2/5 for the second of five.", transform: Shard.parsed) var shard: Shard?
        @Option(help: "The file to write the shard to.") var output: String?
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard (shard == nil) == (output == nil) else {
                throw ValidationError("Give --shard and --output together, or neither.")
            }
        }

        func run() throws {
            Processor.beginAgainForComputing()
            let work = try experiment.work()
            let progress = ProgressLine()
            guard let shard, let output else {
                let entries = try work.compute { progress.update("statistics", done: $0, total: $1) }
                progress.clear()
                return try StatisticsCommand.show(entries, json: json)
            }
            let file = URL(fileURLWithPath: output)
            let (tokens, wasThere) = try work.compute(shard, to: file) {
                progress.update("statistics \(shard)", done: $0, total: $1)
            }
            progress.clear()
            if wasThere { Terminal.printError("this shard is already there", prefix: "") }
            if json {
                let answer = Answer(
                    file: file.standardizedFileURL.path, shard: shard.description, layers: work.layers, tokens: tokens)
                return try Terminal.printJSON(answer)
            }
            try Terminal.print(
                TextTable(facts: [
                    ("shard", shard.description), ("layers", work.layers.map(String.init).joined(separator: ", ")),
                    ("tokens", String(tokens)),
                ]))
            try Terminal.print(file.standardizedFileURL.path)
        }

        private struct Answer: Encodable {
            var file: String
            var shard: String
            var layers: [Int]
            var tokens: Int
        }
    }

    struct Merge: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts the shards of an experiment together, where its runs look for them.")

        @Argument(help: "The files of all shards.") var shards: [String]
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard !shards.isEmpty else { throw ValidationError("Give the files of all shards.") }
        }

        func run() throws {
            Processor.beginAgainForComputing()
            try StatisticsCommand.show(try StatisticsWork.merge(shards.map { URL(fileURLWithPath: $0) }), json: json)
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Checks second moments that the code of ROME or MEMIT has written (.npz), and brings them into a folder.",
            discussion: """
                An experiment names the folder with statistics: {moments: FOLDER}. It can name the .npz files themselves, too. Nothing \
                is unpickled.
                """)

        @Argument(help: "The files, one for each layer.") var files: [String]
        @Option(help: "The layer of the only file, where its name does not say it.") var layer: Int?
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard !files.isEmpty else { throw ValidationError("Give one file or more.") }
            guard layer == nil || files.count == 1 else { throw ValidationError("--layer is for one file alone.") }
            guard layer ?? 0 >= 0 else { throw ValidationError("--layer counts from 0.") }
        }

        func run() throws {
            let entries = try StatisticsWork.import(
                files.map { URL(fileURLWithPath: $0) }, layer: layer, to: URL(fileURLWithPath: output))
            try StatisticsCommand.show(entries, json: json)
        }
    }

    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes the second moments of an experiment as the code of ROME and MEMIT keeps them (.npz).",
            discussion:
                "What is not in the cache is computed. There is one file for each layer, named as that code looks for it."
        )

        @OptionGroup var experiment: StatisticsOptions
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var npz: String
        @Option(help: "The number format of the sums: float32 or float64.") var dtype = "float32"
        @Option(help: "How many texts the files say they are over; without it, the lines of the text.") var sampleSize:
            Int?
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard sampleSize ?? 1 > 0 else { throw ValidationError("--sample-size must be at least 1.") }
        }

        func run() throws {
            Processor.beginAgainForComputing()
            let progress = ProgressLine()
            let entries = try experiment.work().export(
                to: URL(fileURLWithPath: npz), dtype: dtype, samples: sampleSize
            ) { progress.update("statistics", done: $0, total: $1) }
            progress.clear()
            try StatisticsCommand.show(entries, json: json)
        }
    }

    fileprivate static func show(_ entries: [StatisticsWork.Entry], json: Bool) throws {
        if json { return try Terminal.printJSON(entries) }
        try Terminal.print(StatisticsWork.table(entries))
    }
}

/// The options of commands that concern the second moments of an experiment.
struct StatisticsOptions: ParsableArguments {
    @Argument(help: "The experiment file.") var file: String
    @Argument(help: "Overrides: key=value …") var overrides: [String] = []
    @OptionGroup var launch: LaunchOptions
    @Option(help: "The layers, as 3,4,5; without it, those that the experiment's locator names, or all.") var layers:
        String?

    func work() throws -> StatisticsWork {
        let numbers = try layers.map { text in
            try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
                guard let layer = Int(part) else {
                    throw RuntimeError(.usage, "--layers must be numbers, got \(text)", hint: "write 3,4,5")
                }
                return layer
            }
        }
        let suite = try ExperimentSuite(file: file, overrides: overrides, sweeps: [], parts: .locator)
        return try launch.launcher().planStatistics(suite, layers: numbers)
    }
}

extension Shard {
    /// The value of `--shard`.
    static func parsed(_ text: String) throws -> Shard {
        guard let shard = Shard(text) else {
            throw ValidationError("--shard must be a shard such as 2/5, got \(text).")
        }
        return shard
    }
}
