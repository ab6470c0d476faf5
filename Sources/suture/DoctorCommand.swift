// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import SutureRuntime

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Says what is installed, what works, and what is wrong.")

    @Option(help: "A plugin file or folder; may be repeated.") var plugin: [String] = []
    @Flag(help: "Print JSON.") var json = false

    func run() throws {
        let diagnosis = try Diagnosis(plugins: plugin)
        if json {
            try Terminal.printJSON(diagnosis)
        } else {
            try Terminal.print(diagnosis.table)
        }
        if let kind = diagnosis.failure { throw ExitCode(kind.rawValue) }
    }
}
