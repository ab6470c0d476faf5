// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SutureRuntime

@main
struct Suture: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suture",
        abstract: "Edits language models after training, with methods that are plugins.",
        discussion: """
            suture run Examples/World/quickstart.yaml       edit a model and see what changed
            suture run FILE method.name=rome                the same with another method
            suture doctor                                   what is installed, what is wrong
            """,
        version: Versions.line,
        subcommands: [
            RunCommand.self, LocateCommand.self, EvaluateCommand.self, InfluenceCommand.self, PlanCommand.self,
            CompareCommand.self,
            PluginsCommand.self,
            ModelCommand.self,
            PatchCommand.self, StatisticsCommand.self, CleanCommand.self, DoctorCommand.self,
        ])

    /// Hidden commands (the worker, the plugin scan) are handled before anything is parsed. Only the program itself uses them.
    static func main() {
        StandardStream.prepare()
        if let code = HiddenCommand.runIfRequested(CommandLine.arguments) { Foundation.exit(code) }
        CutFiles.report()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as RuntimeError {
            end(error)
        } catch {
            // ArgumentParser's own errors and requests for help; wrong usage is 2, as everywhere.
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if code.isSuccess {
                do { try Terminal.print(message) } catch { end(error) }
                Foundation.exit(0)
            }
            if !message.isEmpty { Terminal.printRemarks(message) }
            Foundation.exit(code == .validationFailure ? 2 : code.rawValue)
        }
    }

    private static func end(_ error: RuntimeError) -> Never {
        if error.kind != .readerGone { Terminal.printError(error.description) }
        Foundation.exit(error.kind.rawValue)
    }
}

/// Runs the body of a command. Errors of the model and of data files get their exit code here.
func reporting<Result>(_ kind: RuntimeError.Kind = .file, _ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw RuntimeError(error, as: kind) }
}
