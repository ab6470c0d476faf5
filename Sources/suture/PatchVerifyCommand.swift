// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

extension PatchCommand {
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks that a patch, or a model folder with patches in force, is what it says.",
            discussion: """
                Every digest is computed again: of the description, the changes, the recorded cases, the log, the originals and the \
                weights. In a model folder, the weights must be the originals plus the changes of its patches, bit for bit. With \
                --evaluate, the evaluators of the patches' runs measure the recorded cases again. Exit code 4 where something is \
                not as it was recorded.
                """)

        @Argument(help: "A patch folder, or a model folder that `patch apply` has written.") var folder: String
        @Option(help: "The model folder that a patch belongs to.") var model: String?
        @Flag(help: "Measure the recorded cases again, and compare with the recorded figures.") var evaluate = false
        @Option(
            help: """
                How far a figure may be from the recorded one: so many percentage points, or so many percent of a figure that is \
                no percentage.
                """)
        var tolerance = PatchReevaluation.Tolerance.usual.percent
        @OptionGroup var launch: LaunchOptions
        @Flag(help: "Print JSON.") var json = false

        func validate() throws {
            guard tolerance >= 0, tolerance.isFinite else { throw ValidationError("--tolerance must not be negative.") }
        }

        func run() throws {
            let place = URL(fileURLWithPath: folder)
            let base = model.map { URL(fileURLWithPath: $0) }
            let verification = try PatchVerification(place, model: base)
            let progress = ProgressLine()
            let again =
                evaluate
                ? try PatchReevaluation(
                    place, model: base, .init(percent: tolerance), launch.launcher(), onEvent: progress.show) : nil
            progress.clear()
            if json {
                try Terminal.printJSON(
                    Answer(checks: verification.checks, notes: verification.notes, evaluation: again))
            } else {
                for check in verification.checks { try Terminal.print(foreign: "✓ " + check) }
                for note in verification.notes { try Terminal.print(foreign: "– " + note) }
                if let again { try show(again) }
            }
            guard again?.sentences.isEmpty ?? true else { throw ExitCode(RuntimeError.Kind.file.rawValue) }
        }

        private func show(_ again: PatchReevaluation) throws {
            if !again.figures.isEmpty {
                try Terminal.print()
                try Terminal.print(again.table)
                try Terminal.print()
            }
            for remark in again.remarks { try Terminal.print(foreign: "– " + remark) }
            for sentence in again.sentences { try Terminal.print(foreign: "✗ " + sentence) }
        }

        private struct Answer: Encodable {
            var checks: [String]
            var notes: [String]
            var evaluation: PatchReevaluation?
        }
    }
}
