// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureLaws

/// The job of a worker that checks one component: it loads the library, makes a small model, and checks the laws.
struct CheckJob: WorkerJob {
    static let name = "check"

    var component: ResolvedComponent
    /// Finds the locations of a patcher; nil: the check gives it some.
    var locator: ResolvedComponent?
    var family: TinyModel.Family

    struct Result: Codable, Sendable {
        var laws: [LawResult]
    }

    func run(in link: WorkerLink) throws -> Result {
        // Library and settings were named on the command line.
        try HostTables.install(for: link, permission: .all)
        let loaded = try LoadedComponent(component)
        let locator = try locator.map { try LoadedComponent($0) }
        let bench = try LawBench(family) { phase, done, total in
            link.phase(phase, done, of: total)
            guard !link.isCancelled else { throw SutureError(.cancelled, "the check was interrupted") }
        }
        let laws = try bench.results(of: loaded, locator: locator)
        try link.checkCancellation()
        return Result(laws: laws)
    }
}
