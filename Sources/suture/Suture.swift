// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

@main
struct Suture: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Edits language models after training.")

    /// A worker is this program too; it has no command line.
    static func main() {
        if let code = HiddenCommand.runIfRequested(CommandLine.arguments) { exit(code) }
        main(nil)
    }
}
