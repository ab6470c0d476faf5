// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Compares finished runs.",
        discussion: "It shows the figures after the edit. `suture run` does the same for a file that has variants.")

    @Argument(help: "Run folders.") var folders: [String]
    @Option(help: "Write the table and the page to this folder.") var output: String?
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let comparison = try Comparison(folders: folders) { Terminal.printError($0, prefix: "warning: ") }
        let folder = output.map { ComparisonFolder(URL(fileURLWithPath: $0)) }
        try folder?.write(comparison, source: nil)
        if json { return try Terminal.printJSON(comparison) }
        try Terminal.print(ComparisonSummary(comparison: comparison, folder: folder, width: Terminal.width).text)
    }
}
