// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("What run and compare print")
struct SummaryTests {
    private func metric(_ name: String, _ stage: String, _ value: Double, error: Double? = nil) -> StagedMetric {
        var metric = Metric(name, value, unit: "percent", n: 2, direction: .higherIsBetter, protocol: "greedy")
        metric.standardError = error
        return StagedMetric("e", stage, metric)
    }

    private func result(_ prompt: String, before: String, after: String, wanted: String) -> CaseResult {
        CaseResult(
            index: 0, id: "1", prompt: prompt, subject: "", targetNew: wanted, targetTrue: "", answer: "",
            promptIDs: [],
            targetNewIDs: [], targetTrueIDs: [], answerIDs: [], answers: ["before": before, "after": after], scores: [:]
        )
    }

    private func results(_ value: Double) -> MetricsFile {
        MetricsFile(
            metrics: [metric("success", "before", 0), metric("success", "after", value, error: 5)],
            weights: [
                WeightChange(
                    parameter: "h.1.mlp", deltaNorm: 1, baseNorm: 4, rank: 2, form: "low-rank", group: 0, stage: nil),
                WeightChange(
                    parameter: "h.2.mlp", deltaNorm: 2, baseNorm: 0, rank: nil, form: "dense", group: 0, stage: nil),
            ], seconds: ["values": 4, "load": 0.5, "apply": 0.001])
    }

    @Test("run prints answers, figures, changes, times and the folder")
    func run() {
        let summary = RunSummary(
            results: results(90),
            cases: [
                result("Paris is\nin", before: "France.", after: "Japan\u{1B}[1m.", wanted: "日本"),
                result("東京 is in", before: "日本", after: "Italy", wanted: "Italy"),
            ], folder: RunFolder(URL(fileURLWithPath: "/runs/x-1")))
        #expect(
            summary.text == """
                prompt       before   after       wanted
                ───────────  ───────  ──────────  ──────
                Paris is in  France.  Japan␛[1m.  日本
                東京 is in   日本     Italy       Italy

                metric     before  after     ±  unit     n  protocol
                ─────────  ──────  ─────  ────  ───────  ─  ────────
                e.success       0  90.00  5.00  percent  2  greedy

                parameter   ‖Δ‖  ‖Δ‖/‖W‖   rank
                ─────────  ────  ───────  ─────
                h.1.mlp    1.00   0.2500      2
                h.2.mlp    2.00           dense

                seconds: values 4.00, load 0.5000

                run folder: /runs/x-1
                """)
    }

    @Test("run shows the first twenty cases and says where the rest is")
    func manyCases() {
        let cases = (0..<23).map { result("p\($0)", before: "", after: "", wanted: "") }
        let text = RunSummary(
            results: results(1), cases: cases, folder: RunFolder(URL(fileURLWithPath: "/runs/x-1"))
        ).text
        #expect(text.contains("\np19\n… and 3 more in cases.jsonl\n"))
        #expect(!text.contains("p20"))
    }

    @Test("compare prints the figures of all runs and marks the best")
    func compare() {
        let comparison = Comparison(
            title: "t",
            runs: [
                Comparison.Run(label: "a", variant: "a", folder: "/runs/a", results: results(10)),
                Comparison.Run(label: "b", variant: "b", folder: "/runs/b", results: results(20)),
                Comparison.Run(label: "c", variant: "c", folder: "/runs/c", error: "it failed"),
            ])
        let folder = ComparisonFolder(URL(fileURLWithPath: "/runs/t"))
        #expect(
            ComparisonSummary(comparison: comparison, folder: folder).text == """
                run       success (%)     ‖Δ‖  seconds to edit
                ────────  ───────────  ──────  ───────────────
                unedited            0
                a               10.00    2.24             4.00
                b              *20.00    2.24             4.00
                c                      failed           failed

                after the edit; * is the best run of a figure
                table and pictures: /runs/t/comparison.html
                """)
    }
}
