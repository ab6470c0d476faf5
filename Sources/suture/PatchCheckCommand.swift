// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

extension PatchCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says whether patches of one model are in each other's way.",
            discussion: """
                Every pair is compared: the weights that both change, the directions that they read and write there, how much one moves \
                what the other writes, and the recorded cases that contradict each other. With --model, the recorded cases of each \
                patch are asked, with that patch alone and with all of them. Exit code 5 where something is in the way.
                """)

        @Argument(help: "The patch folders.") var patches: [String]
        @Option(help: "The model folder that the patches were made for.") var model: String?
        @Option(
            help: """
                Second moments of the inputs of the changed weights: a run folder, a file, a folder of files, or a name with {} for \
                the layer. They tell what a patch does to the keys of another.
                """) var statistics: String?
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard patches.count > 1 else { throw ValidationError("Give two patch folders or more.") }
        }

        func run() throws {
            let folders = patches.map { URL(fileURLWithPath: $0) }
            let pairs = try PatchConflicts.all(folders, statistics: statistics)
            let progress = ProgressLine()
            let measure = try model.map { model in
                Processor.beginAgainForComputing()
                return try PatchMeasure(folders, on: URL(fileURLWithPath: model)) {
                    progress.update("measuring", done: $0, total: $1)
                }
            }
            progress.clear()
            let sentences = pairs.flatMap(\.sentences) + (measure?.sentences ?? [])
            if json {
                try Terminal.printJSON(Answer(pairs: pairs, measure: measure?.shares, findings: sentences))
            } else {
                try Terminal.print(PatchConflicts.table(pairs))
                if let measure {
                    try Terminal.print()
                    try Terminal.print(measure.table)
                }
                try Terminal.print()
                for sentence in sentences { try Terminal.print(foreign: sentence) }
                if sentences.isEmpty { try Terminal.print("Nothing is in the way.") }
            }
            guard sentences.isEmpty else { throw ExitCode(RuntimeError.Kind.refused.rawValue) }
        }

        private struct Answer: Encodable {
            var pairs: [PatchConflicts]
            var measure: [PatchMeasure.Share]?
            var findings: [String]
        }
    }
}

extension PatchCommand {
    struct Survive: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Says what is left of an edit in bfloat16, float16, and 8-bit and 4-bit weights.",
            discussion: """
                The recorded cases of the patch are asked with all weights of the edited model after a round trip through each format. \
                q8_0 and q4_0 are llama.cpp's. Exit code 5 where a case that holds in float32 is lost.
                """)

        @Argument(help: "The patch folder of a run.") var patch: String
        @Option(help: "The model folder that it belongs to.") var model: String
        @Flag(help: "Print JSON.") var json = false

        func run() throws {
            Processor.beginAgainForComputing()
            let progress = ProgressLine()
            let survival = try PatchSurvival(URL(fileURLWithPath: patch), on: URL(fileURLWithPath: model)) {
                progress.update("storing", done: $0, total: $1)
            }
            progress.clear()
            if json {
                try Terminal.printJSON(survival)
            } else {
                try Terminal.print(survival.table)
            }
            guard survival.outcomes.allSatisfy(\.lost.isEmpty) else {
                throw ExitCode(RuntimeError.Kind.refused.rawValue)
            }
        }
    }
}
