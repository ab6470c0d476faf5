// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Comparisons")
struct ComparisonTests {
    private func metric(_ name: String, _ stage: String, _ value: Double, better: Metric.Direction) -> StagedMetric {
        StagedMetric(
            "e", stage, Metric(name, value, unit: "percent", n: 1, direction: better, protocol: "greedy"))
    }

    private func run(_ label: String, success: Double, drift: Double, seconds: Double) -> Comparison.Run {
        Comparison.Run(
            label: label, variant: String(label.prefix(1)), folder: "/runs/\(label)",
            results: MetricsFile(
                metrics: [
                    metric("success", "before", 1, better: .higherIsBetter),
                    metric("success", "pass-1", 2, better: .higherIsBetter),
                    metric("success", "after", success, better: .higherIsBetter),
                    metric("drift", "after", drift, better: .lowerIsBetter),
                ],
                weights: [
                    WeightChange(
                        parameter: "w", deltaNorm: 3, baseNorm: 9, rank: 1, form: "low-rank", group: 0, stage: nil),
                    WeightChange(
                        parameter: "v", deltaNorm: 4, baseNorm: 9, rank: 1, form: "low-rank", group: 0, stage: nil),
                    WeightChange(
                        parameter: "v", deltaNorm: 40, baseNorm: 9, rank: 1, form: "low-rank", group: 0,
                        stage: "pass-1"),
                ], seconds: ["values": seconds, "evaluate-after": 100]))
    }

    @Test("a folder has checksums of what the comparison wrote, and of nothing else")
    func checksums() throws {
        let scratch = try ScratchFolder()
        let folder = ComparisonFolder(scratch.url)
        try Data("mine".utf8).write(to: scratch.url.appending(path: "DONE"))
        let comparison = Comparison(title: "t", runs: [run("a", success: 50, drift: 1, seconds: 2)])
        for source in [Data("schema: 1".utf8), nil] {
            try folder.write(comparison, source: source)
            let lines = try String(contentsOf: folder.checksums, encoding: .utf8).split(separator: "\n")
            let names =
                ["comparison.html", "comparison.json", "comparison.md"] + (source == nil ? [] : ["config.source.yaml"])
            #expect(
                try lines.map(String.init)
                    == names.map { "\(try Digest.ofFile(scratch.url.appending(path: $0).path))  \($0)" })
        }
        #expect(try Data(contentsOf: scratch.url.appending(path: "DONE")) == Data("mine".utf8))
    }

    private static let least = Double.leastNonzeroMagnitude
    private static let extremeNumbers: [[Double]] = [
        [0, least], [least, 2 * least], [1e300, (1e300).nextUp], [-1e300, 1e300], [1, (1.0).nextUp], [-0.0, 0],
        [.nan, 1], [.infinity, -.infinity], [1e308, -1e308], [1000 * least, 1e300], [-1e9 * least, 1e9 * least], [],
    ]

    @Test(
        "A picture of extreme numbers, or of such as are no numbers, is drawn or left out",
        arguments: extremeNumbers)
    func extremes(_ values: [Double]) {
        for (isLogarithmic, isLogarithmicY) in [(false, false), (true, false), (false, true), (true, true)] {
            let points = values.map { Chart.Point(x: $0, y: $0, label: "") }
            let svg = Chart(
                title: "t", xName: "x", yName: "y", series: [.init(name: "s", points: points)],
                isLogarithmic: isLogarithmic, isLogarithmicY: isLogarithmicY
            ).svg
            #expect(!svg.contains("nan") && !svg.contains("inf"))
            #expect(svg.utf8.count < 100_000)
        }
    }

    @Test("figures are rows, runs are columns, and the best of each figure is marked by its direction")
    func table() throws {
        let comparison = Comparison(
            title: "t",
            runs: [
                run("a", success: 50, drift: 0.5, seconds: 2), run("b", success: 75, drift: 0.25, seconds: 3),
                Comparison.Run(label: "c", variant: "c", folder: "/runs/c", error: "it failed"),
            ])
        let table = ComparisonTable(comparison)
        #expect(table.header == ["figure", "unedited", "a", "b", "c"])
        #expect(table.rows[0].map(\.text) == ["success (%)", "1.00", "50.00", "75.00", ""])
        #expect(table.rows[0].map(\.isBest) == [false, false, false, true, false])
        #expect(table.rows[1].map(\.isBest) == [false, false, false, true, false])
        #expect(table.rows[2].map(\.text) == ["‖Δ‖", "", "5.00", "5.00", "failed"])
        #expect(table.rows[3].map(\.text) == ["seconds to edit", "", "2.00", "3.00", "failed"])
        #expect(table.table { $0 }.markdown { table.rows[$0][$1].isBest }.contains("**75.00**"))
    }

    @Test("many runs are rows, with the columns that were asked for")
    func manyRuns() throws {
        var settings = ComparisonSettings()
        settings.columns = ["e.drift"]
        let runs = (0..<9).map { run("r\($0)", success: 1, drift: Double($0), seconds: 1) }
        let table = ComparisonTable(Comparison(title: "t", settings: settings, runs: runs))
        #expect(table.header == ["run", "drift (%)", "‖Δ‖", "seconds to edit"])
        #expect(table.rows.count == 10)
        #expect(table.rows[1].map(\.isBest) == [false, true, false, false])
    }

    @Test("a picture has a point for each run, a line for each variant, and says what a point is")
    func plot() throws {
        var settings = ComparisonSettings()
        settings.plots = [
            ComparisonSettings.Plot(x: "e.success", y: "e.drift", isLogarithmic: true, title: "trade <off>"),
            ComparisonSettings.Plot(x: "stage", y: "e.success", isLogarithmic: false, title: "stages"),
        ]
        settings.marked = ["a2"]
        let page = try ComparisonReport(
            comparison: Comparison(
                title: "t", settings: settings,
                runs: [
                    run("a1", success: 1, drift: 0.5, seconds: 1), run("a2", success: 100, drift: 0.25, seconds: 1),
                    run("b1", success: 10, drift: 0.25, seconds: 1),
                ]), folder: URL(fileURLWithPath: "/elsewhere")
        ).html
        #expect(page.contains("trade &lt;off&gt;"))
        #expect(page.components(separatedBy: "<path class=\"mark").count - 1 == 3 + 9)
        #expect(page.components(separatedBy: "<polyline").count - 1 == 1 + 3)
        #expect(page.contains("<title>a2: 100.0, 0.2500</title>"))
        #expect(page.components(separatedBy: "stroke-width=\"2.5\"").count - 1 == 1)
        #expect(page.contains("b1, pass-1: 2.00"))
    }
}
