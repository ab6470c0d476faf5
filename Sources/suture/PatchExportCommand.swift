// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureModel
import SutureRuntime

extension PatchCommand {
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes patches for other programs: as a LoRA adapter, or as a whole model with a card.",
            discussion: """
                Several patches become one adapter. Changes of norms, biases and embeddings are refused, because no LoRA can carry \
                them, and so is a rank that loses more than --max-error of a change. With --model, the folder is what `patch apply` \
                writes, all patches in order, with a model card; without patches, it has those that are in force in MODEL.
                """)

        @Argument(help: "The model folder that the patches were made for.") var model: String
        @Argument(help: "The patch folders.") var patches: [String] = []
        @Option(
            help:
                "The folder to write an adapter to, which PEFT and transformers load. It must be empty, or not exist yet."
        )
        var peft: String?
        @Option(help: "The file to write an adapter to, which llama.cpp loads. It must not exist yet.") var gguf:
            String?
        @Option(
            name: .customLong("model"),
            help:
                "The folder to write the whole edited model to, with a model card. It must be empty, or not exist yet.")
        var edited: String?
        @Option(
            help:
                "What adapter or card say of the base model: its name on the Hugging Face hub, or a path for an adapter."
        )
        var base: String?
        @Option(help: "The revision of the base model.") var revision: String?
        @Option(help: "The largest rank of an adapter; without it, the rank that the changes have.") var rank: Int?
        @Option(help: "The largest share of the norm of a change that an adapter may leave out. (default: 1e-6)")
        var maxError: Double?
        @Option(help: "The number format of an adapter: float32, float16 or bfloat16. (default: float32)") var dtype:
            String?
        @Option(
            help:
                "With --model: what becomes of links that lead out of the model folder: refuse, or keep them as links.")
        var links: OutsideLinks?
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard [peft, gguf, edited].compactMap(\.self).count == 1 else {
                throw ValidationError("Give one of --peft, --gguf and --model, with the folder or file to write.")
            }
            guard edited != nil || !patches.isEmpty else {
                throw ValidationError("Give the patch folders after the model folder.")
            }
            guard edited == nil || rank == nil && maxError == nil && dtype == nil else {
                throw ValidationError("--rank, --max-error and --dtype are of adapters; leave them out with --model.")
            }
            guard edited != nil || links == nil else {
                throw ValidationError("--links is of whole models; leave it out of adapters.")
            }
            guard gguf == nil || base == nil && revision == nil && dtype == nil else {
                throw ValidationError(
                    "A GGUF adapter does not name its base and has one number format; leave out "
                        + "--base, --revision and --dtype with --gguf.")
            }
            guard rank ?? 1 > 0 else { throw ValidationError("--rank must be at least 1.") }
            guard maxError ?? 0 >= 0 else { throw ValidationError("--max-error must not be negative.") }
        }

        func run() throws {
            let folders = patches.map { URL(fileURLWithPath: $0) }
            if let peft {
                let export = try PEFTExport(baseModel: base, revision: revision, dtype: dtype ?? "float32")
                let report = try export.write(adapter(of: folders), to: URL(fileURLWithPath: peft))
                for note in report.notes where !json { Terminal.printError(note, prefix: "note: ") }
                try show(report, report.facts, report.output)
            }
            if let gguf {
                let export = try GGUFExport(model: URL(fileURLWithPath: model))
                let report = try export.write(adapter(of: folders), to: URL(fileURLWithPath: gguf))
                try show(report, report.facts, report.output)
            }
            if let edited { try writeModel(folders, to: URL(fileURLWithPath: edited)) }
        }

        private func adapter(of folders: [URL]) throws -> LoRAAdapter {
            try LoRAAdapter(
                folders, of: URL(fileURLWithPath: model), largestRank: rank,
                largestError: maxError ?? LoRAAdapter.exactness)
        }

        private func show(_ report: some Encodable, _ facts: [(String, String)], _ output: String) throws {
            if json { return try Terminal.printJSON(report) }
            try Terminal.print(TextTable(facts: facts))
            try Terminal.print(output)
        }

        private func writeModel(_ folders: [URL], to output: URL) throws {
            let progress = ProgressLine()
            let report = try ModelExport(baseModel: base, revision: revision).write(
                folders, on: URL(fileURLWithPath: model), to: output, links: links ?? .refuse
            ) { progress.update("writing", done: Int($0 * 100), total: 100) }
            progress.clear()
            if base == nil {
                Terminal.printError("the model card names no base model; name it with --base", prefix: "note: ")
            }
            try PatchCommand.show(report, json: json)
        }
    }
}
