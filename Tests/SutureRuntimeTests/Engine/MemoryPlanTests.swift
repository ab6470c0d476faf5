// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("Memory before a run")
struct MemoryPlanTests {
    private func plan(_ overrides: [String] = []) throws -> MemoryPlan {
        let experiment = try SmallExperiment()
        let run = try CommandLineRun(
            ["plan", experiment.file.path, "--json"] + overrides, cache: experiment.scratch.url)
        #expect(run.code == 0, "\(run.errors)")
        return try JSONDecoder().decode(PlanSummary.self, from: Data(run.output.utf8)).memory
    }

    @Test("Weights count in the dtype of the run, and a second moment where there are statistics")
    func sizes() throws {
        var single = try plan()
        let half = try plan(["model.dtype=bfloat16"])
        #expect(single.mapped + single.converted == 2 * (half.mapped + half.converted))
        #expect(half.mapped == 0, "a float32 checkpoint is converted")
        #expect(single.moment == 768 * 768 * 8)
        #expect(try #require(single.available) > 1 << 20)
        single.available = nil
        #expect(single.warning == nil && single.sentence.hasPrefix("at least ") && !single.sentence.contains("free"))
    }

    @Test("Where it does not fit, a warning says what will happen and what to do")
    func warning() throws {
        var room = try plan(["model.dtype=bfloat16"])
        room.available = 1 << 40
        #expect(room.warning == nil && room.sentence.hasSuffix(" TiB are free"))
        var tight = room
        tight.available = 100 << 20
        #expect(tight.warning?.contains("it will be killed, or swap; load the model in bfloat16") == true)
        var mapped = tight
        (mapped.mapped, mapped.converted, mapped.available) = (8 << 30, 0, 4 << 30)
        #expect(mapped.warning?.contains("the weights are read from disk again and again") == true)
    }
}
