// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime
import TestSupport

// A worker as the executable has one, with the jobs of the tests.
let jobs: [any WorkerJob.Type] = HiddenCommand.jobs + [CallJob.self, HoldJob.self, ThreadsJob.self]
exit(HiddenCommand.runIfRequested(CommandLine.arguments, jobs: jobs) ?? 2)
