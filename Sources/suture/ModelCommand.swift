// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Looks at a model folder, or lets it write.",
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
        static let configuration = CommandConfiguration(abstract: "Continues a prompt, with a patch if you like.")

        @Argument(help: "The model folder.") var folder: String
        @Option(help: "The text to continue.") var prompt: String
        @Option(help: "A patch folder to apply first.") var patch: String?
        @Option(help: "New tokens at most.") var maxNewTokens = 20
        @Option(help: "0 is greedy.") var temperature = 0.0
        @Option(help: "Draw from the likeliest only; 0: no limit.") var topK = 0
        @Option(help: "Draw from the mass up to this; 1: no limit.") var topP = 1.0
        @Option(help: "Seed of the drawing.") var seed = 0
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
