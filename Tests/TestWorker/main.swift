// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime
import TestSupport

// A worker as the executable has one, with the jobs of the tests.
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "cut-file" {
    print(try CutFile.read(folder: CommandLine.arguments[2]))
    exit(0)
}
let jobs: [any WorkerJob.Type] = HiddenCommand.jobs + [CallJob.self, HoldJob.self, ThreadsJob.self]
exit(HiddenCommand.runIfRequested(CommandLine.arguments, jobs: jobs) ?? 2)
