// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Shows what is in a model folder, continues a prompt, or imports a model.",
        subcommands: [Inspect.self, Generate.self, Import.self])

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows the dimensions, sites, tokenizer and weights of a Hugging Face folder.")

        @Argument(help: "The model folder.") var folder: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let inspection = try reporting { try ModelInspection(folder: URL(fileURLWithPath: folder)) }
            for warning in inspection.warnings { Terminal.printError(warning, prefix: "warning: ") }
            if json { return try Terminal.printJSON(inspection) }
            try Terminal.print(TextTable(facts: inspection.facts))
            try Terminal.print()
            try Terminal.print(inspection.parameterTable)
        }
    }

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Continues a prompt, with or without a patch.")

        @Argument(help: "The model folder.") var folder: String
        @Option(help: "The text to continue.") var prompt: String
        @Option(help: "A patch folder that lies over the model; several in this order.") var patch: [String] = []
        @Option(help: "The largest number of new tokens.") var maxNewTokens = 20
        @Option(help: "The temperature; 0 always takes the likeliest token.") var temperature = 0.0
        @Option(help: "Draw only from this many of the likeliest tokens; 0 means no limit.") var topK = 0
        @Option(help: "Draw only from the likeliest tokens that together have this probability; 1 means no limit.")
        var topP = 1.0
        @Option(help: "The seed of the random draws.") var seed = 0
        @Option(help: "The number format: float32, float64, float16 or bfloat16.") var dtype = "float32"
        @Option(help: "The device: cpu or cuda[:n].") var device = "cpu"
        @Flag(help: "Ask as a user does, in the chat template of the folder; prints the answer alone.") var chat = false
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            Processor.beginAgainForComputing()
            let (text, isAnswer) = try reporting {
                let generation = try TextGeneration(
                    folder: folder, patches: patch, dtype: dtype, device: device, maxNewTokens: maxNewTokens,
                    temperature: temperature, topK: topK, topP: topP, seed: seed, asksAsUser: chat)
                for warning in generation.warnings { Terminal.printError(warning, prefix: "warning: ") }
                return (try generation.run(prompt), generation.answers)
            }
            if json { return try Terminal.printJSON(["prompt": prompt, "continuation": text]) }
            try Terminal.print(foreign: isAnswer ? text : prompt + text)
        }
    }

    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes a Hugging Face folder of the model in a GGUF file.",
            discussion: """
                Quantised numbers are written as the numbers that they stand for, so the folder is larger than the file and no more \
                precise. The tokenizer is rebuilt.
                """)

        @Argument(help: "The GGUF file.") var file: String
        @Option(help: "The folder to write. It must be empty, or not exist yet.") var output: String
        @Option(help: "The number format of the folder: float32, float16 or bfloat16.") var dtype = "float32"
        @Option(help: "A folder with the tokenizer of the original model, to be taken in place of the rebuilt one.")
        var tokenizer: String?
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let progress = ProgressLine()
            let report = try ModelImport(
                file: URL(fileURLWithPath: file), dtype: dtype, tokenizer: tokenizer.map { URL(fileURLWithPath: $0) }
            ).write(to: URL(fileURLWithPath: output)) { progress.update("writing", done: Int($0 * 100), total: 100) }
            progress.clear()
            if json { return try Terminal.printJSON(report) }
            for warning in report.warnings { Terminal.printError(warning, prefix: "warning: ") }
            try Terminal.print(TextTable(facts: report.facts))
        }
    }
}
