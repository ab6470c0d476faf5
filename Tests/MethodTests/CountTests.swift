// SPDX-License-Identifier: Apache-2.0

import CSutureHost
import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing
import TorchBackend

@testable import MEMIT

/// What one small edit may cost, in counts. Unlike seconds, they are the same on every machine.
struct Counts: Decodable {
    /// Calls of the host that it counts: tensors that were made, and calls of the model.
    var activity: Int
    /// Forward passes.
    var passes: Int
    /// Blocks of memory that tensors take, those of intermediate results included.
    var allocations: Int

    /// counts.json: a method's name with what it may cost. The limit of passes is what was counted when it was written;
    /// those of calls and allocations are a twentieth more. Where a change lowers a count, lower its limit.
    static func limits(of method: String) throws -> Counts {
        let file = Repository.root.appending(path: "Tests/MethodTests/counts.json")
        let all = try JSONDecoder().decode([String: Counts].self, from: Data(contentsOf: file))
        return try #require(all[method])
    }

    /// A sentence for each count that is above its limit.
    func excess(over limits: Counts) -> [String] {
        [
            ("calls of the host", activity, limits.activity), ("forward passes", passes, limits.passes),
            ("allocations", allocations, limits.allocations),
        ]
        .filter { $0.1 > $0.2 }
        .map { "\($0.0): \($0.1), and the limit in counts.json is \($0.2)" }
    }

    /// What one case costs on the tiny model. Only in a process of its own: the counters are those of the process.
    static func measure(_ method: some Patcher) throws -> Counts {
        try TestHost.install()
        torch_backend_set_threads(1)
        let session = try TestSession(TinyModel.load(.gpt2))
        try session.takeStatistics(statisticsTexts)
        // The statistics are the run's, and not the method's.
        let moment = try session.secondMoment(.neurons, 1)
        session.secondMoment = { _, _ in moment }
        let cases = TinyCases.make(1)
        let location = Location(.neurons(1), role: .subjectLast, score: 1, isSelected: true)
        let allocations = torch_backend_count_allocations()
        let (activity, passes) = (suture_host_activity(), ModelTable.forwardPasses)
        _ = try method.patch(cases, at: [location], in: session.session)
        return Counts(
            activity: Int(suture_host_activity() - activity), passes: ModelTable.forwardPasses - passes,
            allocations: Int(torch_backend_count_allocations() - allocations))
    }
}

@Suite("What an edit costs, in counts")
struct CountTests {
    @Test("MEMIT's calls, passes and allocations stay within their limits")
    func memit() async {
        await #expect(processExitsWith: .success) {
            let memit = MEMIT()
            memit.contexts.given = [["{}"], ["The tower. {}"]]
            memit.values.steps = 5
            let excess = try Counts.measure(memit).excess(over: Counts.limits(of: "memit"))
            #expect(excess.isEmpty, "\(excess)")
        }
    }

    @Test("ROME's calls, passes and allocations stay within their limits")
    func rome() async {
        await #expect(processExitsWith: .success) {
            let rome = ROME()
            rome.contexts.given = [["{}"], ["The tower. {}"]]
            rome.values.steps = 5
            let excess = try Counts.measure(rome).excess(over: Counts.limits(of: "rome"))
            #expect(excess.isEmpty, "\(excess)")
        }
    }

    @Test("An edit that does more than it should is above all of its limits")
    func finds() async {
        await #expect(processExitsWith: .success) {
            let memit = MEMIT()
            memit.contexts.given = [["{}"], ["The tower. {}"]]
            memit.values.steps = 7
            let excess = try Counts.measure(memit).excess(over: Counts.limits(of: "memit"))
            #expect(excess.count == 3, "\(excess)")
        }
    }

    @Test("A count above its limit is reported, one at its limit is not")
    func reports() {
        let limits = Counts(activity: 10, passes: 2, allocations: 20)
        #expect(limits.excess(over: limits).isEmpty)
        #expect(
            Counts(activity: 11, passes: 3, allocations: 21).excess(over: limits) == [
                "calls of the host: 11, and the limit in counts.json is 10",
                "forward passes: 3, and the limit in counts.json is 2",
                "allocations: 21, and the limit in counts.json is 20",
            ])
    }
}
