// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

struct CleanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean", abstract: "Removes what killed processes have left.",
        discussion: """
            These are temporary files and folders, files of locks that nobody holds, and the state of runs that are done. Runs,
            patches and models stay, and so does what another process works on. An interrupted run stays, too: resume it, or
            remove its folder.
            """)

    @Argument(help: "The folders to look through. Without one: the current folder, and the cache of second moments.")
    var folders: [String] = []
    @Flag(help: "List what would be removed, and remove nothing.") var dryRun = false
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let cleaning = try Cleaning(folders: folders, isDryRun: dryRun)
        for path in cleaning.found.inUse { Terminal.printError("\(path) is in use, and stays", prefix: "note: ") }
        for path in cleaning.found.unreadable {
            Terminal.printError("the folder '\(path)' cannot be read", prefix: "warning: ")
        }
        for sentence in cleaning.failures { Terminal.printError(sentence, prefix: "warning: ") }
        if json { try Terminal.printJSON(cleaning.found) } else { try Terminal.print(cleaning.text) }
        if !cleaning.failures.isEmpty { throw ExitCode(RuntimeError.Kind.run.rawValue) }
    }
}
