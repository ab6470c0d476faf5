// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// What the commands do where their output goes nowhere.
@Suite("Standard streams")
struct StreamTests {
    private let scratch: ScratchFolder

    init() throws { scratch = try ScratchFolder() }

    /// Runs `suture ARGUMENTS` in a shell, and gives the code and what came to the files `out` and `err`.
    private func shell(_ line: String) throws -> (code: Int32, err: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", line]
        process.currentDirectoryURL = scratch.url
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["SUTURE": Build.executable, "SUTURE_CACHE": scratch.url.path]) { $1 }
        try process.run()
        process.waitUntilExit()
        let text = try? String(contentsOf: scratch.url.appending(path: "err"), encoding: .utf8)
        return (process.terminationStatus, text ?? "")
    }

    @Test(
        "an answer that cannot be written is an error that says why",
        arguments: [
            (">&-", "Bad file descriptor"), (">/dev/full", "No space left on device"),
        ])
    func lostAnswer(stream: String, reason: String) throws {
        for command in ["--help", "--version", "doctor", "plugins list --json"] {
            let (code, err) = try shell("\"$SUTURE\" \(command) \(stream) 2>err")
            #expect(code == 1, "\(command)")
            #expect(
                err == "suture: the answer cannot be written to standard output: \(reason); run the command again; "
                    + "what is done is kept\n")
        }
    }

    @Test("a reader that has gone ends the command quietly")
    func reader() throws {
        // The reader closes the pipe before the command writes.
        let command = "sleep 1; \"$SUTURE\" plugins list 2>err; echo $? >code"
        let (code, err) = try shell("{ \(command); } | : ; exit $(cat code)")
        #expect(code == 141)
        #expect(err.isEmpty)
    }

    @Test("a closed or full standard error changes no exit code", arguments: ["2>&-", "2>/dev/full"])
    func errors(stream: String) throws {
        #expect(try shell("\"$SUTURE\" no-such-command \(stream)").code == 2)
        #expect(try shell("\"$SUTURE\" plan no-such-file.yaml \(stream)").code == 2)
        #expect(try shell("\"$SUTURE\" --version >out \(stream)").code == 0)
    }

    @Test("files that are opened later do not take the number of a closed stream")
    func descriptors() throws {
        // The experiment file would become descriptor 2, and an error message would be written into it.
        let file = scratch.url.appending(path: "experiment.yaml")
        try Data("schema: 1\n".utf8).write(to: file)
        _ = try shell("\"$SUTURE\" plan experiment.yaml <&- >&- 2>&-")
        #expect(try Data(contentsOf: file) == Data("schema: 1\n".utf8))
    }
}
