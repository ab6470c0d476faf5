// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureRuntime
import TestSupport

// A worker as the executable has one, with the jobs of the tests.
exit(
    HiddenCommand.runIfRequested(CommandLine.arguments, jobs: HiddenCommand.jobs + [CallJob.self, ThreadsJob.self]) ?? 2
)
