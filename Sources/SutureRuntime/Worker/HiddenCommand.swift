// SPDX-License-Identifier: Apache-2.0

/// What the executable does when it is started as a worker. It is not part of the command line that people use.
package enum HiddenCommand {
    /// The first argument of a worker; the kind of job follows.
    static let worker = "__worker"

    /// Every kind of job that a worker can do.
    package static let jobs: [any WorkerJob.Type] = [
        RunJob.self, LocateJob.self, InfluenceJob.self, ValidationJob.self, EvaluateJob.self, PatchMeasureJob.self,
        DescribeJob.self,
        SettingsJob.self,
        CheckJob.self,
    ]

    /// Does the work of a worker where the arguments ask for it. The executable calls this before it reads its command line.
    ///
    /// - Parameter arguments: those of the process, its name first.
    /// - Returns: the exit code where this was a worker, nil where it was not.
    package static func runIfRequested(_ arguments: [String]) -> Int32? { runIfRequested(arguments, jobs: jobs) }

    /// The same for an executable with jobs of its own.
    package static func runIfRequested(_ arguments: [String], jobs: [any WorkerJob.Type]) -> Int32? {
        guard arguments.count >= 2, arguments[1] == worker else { return nil }
        return WorkerLink.runWorker(arguments.count > 2 ? arguments[2] : "", jobs: jobs)
    }
}
