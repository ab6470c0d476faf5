// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Inspects a model folder, or lets the model continue a text.",
        subcommands: [Inspect.self, Generate.self])

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows dimensions, sites, tokenizer and weights of a Hugging Face folder.")

        @Argument(help: "The model folder.") var folder: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let inspection = try reporting { try ModelInspection(folder: URL(fileURLWithPath: folder)) }
            if json { return try Terminal.printJSON(inspection) }
            Terminal.print(TextTable(facts: inspection.facts))
            print()
            Terminal.print(inspection.parameterTable)
        }
    }

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Continues a prompt, with or without a patch.")

        @Argument(help: "The model folder.") var folder: String
        @Option(help: "The text to continue.") var prompt: String
        @Option(help: "A patch folder to apply first.") var patch: String?
        @Option(help: "How many new tokens there may be.") var maxNewTokens = 20
        @Option(help: "The temperature of sampling; 0 is greedy.") var temperature = 0.0
        @Option(help: "Draw only from this many likeliest tokens; 0 means no limit.") var topK = 0
        @Option(help: "Draw from the likeliest tokens up to this total probability; 1 means no limit.") var topP = 1.0
        @Option(help: "The seed of the random draws.") var seed = 0
        @Option(help: "float32, float64, float16 or bfloat16.") var dtype = "float32"
        @Option(help: "cpu or cuda[:n].") var device = "cpu"
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            let text = try reporting {
                try TextGeneration(
                    folder: folder, patch: patch, dtype: dtype, device: device, maxNewTokens: maxNewTokens,
                    temperature: temperature, topK: topK, topP: topP, seed: seed
                ).run(prompt)
            }
            if json { return try Terminal.printJSON(["prompt": prompt, "continuation": text]) }
            Terminal.print(foreign: prompt + text)
        }
    }
}
