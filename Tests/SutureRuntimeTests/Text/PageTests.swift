// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("Pages")
struct PageTests {
    private static let hostile = "<script>alert(1)</script> \"'&\u{1B} <\u{338}b {{title}}"
    private static let shown = "&lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39;&amp;␛ &lt;\u{338}b {{title}}"

    private func report(wanted: String = "noble gases", after: String = "noble gases.") -> RunReport {
        RunReport(
            title: Self.hostile,
            results: MetricsFile(
                metrics: [
                    StagedMetric(
                        "e", "before",
                        Metric("success", 1, unit: "percent", n: 2, direction: .higherIsBetter, protocol: "greedy")),
                    StagedMetric(
                        "e", "pass-1",
                        Metric("success", 25, unit: "percent", n: 2, direction: .higherIsBetter, protocol: "greedy")),
                    StagedMetric(
                        "e", "after",
                        Metric("success", .nan, unit: "percent", n: 2, direction: .higherIsBetter, protocol: "greedy")),
                ],
                weights: [
                    WeightChange(
                        parameter: "w", deltaNorm: 1, baseNorm: 4, rank: 2, form: "low-rank", group: 0, stage: nil)
                ], seconds: ["values": 4, "load": 1]),
            cases: [
                CaseResult(
                    index: 0, id: "1", prompt: Self.hostile, subject: "", targetNew: wanted, targetTrue: "", answer: "",
                    promptIDs: [], targetNewIDs: [], targetTrueIDs: [], answerIDs: [],
                    answers: ["before": "alkali metals.", "after": after], scores: [:])
            ],
            locations: LocationsFile(
                locator: LocationsFile.Locator(name: "l"),
                cases: [LocationsFile.Prompt(index: 0, id: "1", tokens: ["a", Self.hostile], subject: [1])],
                locations: [1, 2].flatMap { layer in
                    (0..<3).map { position in
                        Location(
                            Site(.neurons, layer: layer), caseIndex: 0, position: position, role: .none,
                            measure: Self.hostile, score: position == 1 ? 2 : -1, isSelected: position == 1)
                    }
                }))
    }

    @Test("Foreign text means itself, scalar for scalar, and is not taken for a part of the template")
    func escaping() throws {
        let page = try report().html
        #expect(page.contains("<title>\(Self.shown)</title>"))
        #expect(page.contains("<h1>\(Self.shown)</h1>"))
        #expect(page.contains("<td class=\"\">\(Self.shown)</td>"))
        #expect(!page.unicodeScalars.map(String.init).joined(separator: "·").contains("<·s·c·r·i·p·t"))
        #expect(HTML.escaped("<\u{338}") == "&lt;\u{338}")
    }

    @Test("A page forbids scripts and everything from elsewhere")
    func policy() throws {
        let page = try report().html
        #expect(page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "))
        for sign in ["http://", "https://", "<script", "<img", "<link", "@import", "url("] {
            #expect(!page.contains(sign))
        }
    }

    @Test("A page has colours for light and dark, and for paper")
    func media() throws {
        let page = try report().html
        #expect(page.contains("<meta name=\"color-scheme\" content=\"light dark\">"))
        #expect(page.contains("@media screen and (prefers-color-scheme: dark)"))
        #expect(page.contains("@media print"))
    }

    @Test("The page of a run shows answers, figures, stages, changes, maps and times")
    func run() throws {
        let page = try report().html
        for heading in [
            "What the model says", "Figures", "On the way", "What changed", "Where the locator looked", "Seconds",
        ] {
            #expect(page.contains("<h2>\(heading)</h2>"))
        }
        #expect(page.contains("<td class=\" hit\">noble gases.</td>"))
        #expect(
            page.contains(
                "<tr><td class=\"\">e</td><td class=\"\">success</td><td class=\"number\">1.00</td>"
                    + "<td class=\"number\">nan</td><td class=\"\">percent</td><td class=\"\">higher</td>"
                    + "<td class=\"number\">2</td><td class=\"\">greedy</td></tr>"))
        #expect(page.contains("<td class=\"number\">25.00 %</td>"))
        #expect(page.contains("<td class=\"chosen\" style=\"background:rgba(110,86,207,1.000)\" title=\""))
        #expect(
            page.contains(
                "<td class=\"\" style=\"background:rgba(217,101,21,0.500)\" title=\"a, layer 1: -1.00\"></td>"))
        #expect(page.contains("<th class=\"subject\">"))
        #expect(page.contains("<h2>What is selected</h2>"))
        #expect(page.contains("<span class=\"bar\" style=\"width:75px\"></span>"))
        #expect(!(try report(wanted: "cars").html).contains("class=\" hit\""))
    }

    @Test("What a run does not have is left out")
    func empty() throws {
        let results = MetricsFile(metrics: [], weights: [], seconds: [:])
        let page = try RunReport(
            title: "t", results: results, cases: [],
            locations: LocationsFile(locator: LocationsFile.Locator(name: "l"), locations: [])
        ).html
        #expect(!page.contains("<svg"))
        #expect(!page.contains("Where the locator looked"))
    }

    @Test("A comparison names failed runs, marks the best, and its links lead from its folder to the runs")
    func comparison() throws {
        func results(_ value: Double) -> MetricsFile {
            let metric = Metric("success", value, unit: "", n: 1, direction: .higherIsBetter, protocol: "greedy")
            return MetricsFile(metrics: [StagedMetric("e", "after", metric)], weights: [], seconds: [:])
        }
        let page = try ComparisonReport(
            comparison: Comparison(
                title: "t",
                runs: [
                    Comparison.Run(label: "a", variant: "a", folder: "/x/runs/a b:1", results: results(1)),
                    Comparison.Run(label: "b", variant: "b", folder: "/x/runs/b", results: results(2)),
                    Comparison.Run(label: "c", variant: "c", folder: "/x/runs/c", error: "it <failed>"),
                ]), folder: URL(fileURLWithPath: "/x/tables/one")
        ).html
        #expect(page.contains("<p class=\"note\">c failed: it &lt;failed&gt;</p>"))
        #expect(page.contains("<td class=\"number hit\">2.00</td>"))
        #expect(page.contains("<li>a: <a href=\"../../runs/a%20b%3A1/report.html\">a b:1</a></li>"))
        #expect(page.contains("<a href=\"../../runs/b/report.html\">"))
        #expect(!page.contains("runs/c"))
    }

    @Test("A picture has round numbers on its axes, and none where there is nothing to draw")
    func chart() {
        let point = Chart.Point(x: 3, y: 0.25, label: "<p>")
        var chart = Chart(
            title: "t", xName: "x", yName: "y",
            series: [Chart.Series(name: "s", points: [point, Chart.Point(x: 18, y: 0.75, label: "q")])])
        #expect(chart.svg.contains("<title>&lt;p&gt;</title>"))
        for tick in [">0<", ">5<", ">20<", ">0.2<", ">0.8<"] { #expect(chart.svg.contains(tick)) }
        chart.series = [Chart.Series(name: "s", points: [Chart.Point(x: .nan, y: 1, label: "")])]
        #expect(chart.svg.isEmpty)
        chart.isLogarithmic = true
        chart.series = [Chart.Series(name: "s", points: [Chart.Point(x: 0, y: 1, label: "")])]
        #expect(chart.svg.isEmpty)
    }

    @Test("No two of thirty-two series look alike, in the picture and in the legend")
    func manySeries() {
        let points = [Chart.Point(x: 1, y: 1, label: "p"), Chart.Point(x: 2, y: 2, label: "q")]
        let series = (0..<32).map { Chart.Series(name: "s\($0)", points: points) }
        let svg = Chart(title: "t", xName: "x", yName: "y", series: series).svg
        // All points lie in the same two places, so that marks and lines differ by their look alone.
        let marks = svg.matches(of: /<path class="mark"[^>]*>/).map { String($0.output) }
        let lines = svg.matches(of: /<polyline[^>]*>/).map { String($0.output) }
        let legend = svg.matches(of: /<span><svg.*?<\/svg>/).map { String($0.output) }
        #expect(marks.count == 64 && Set(marks).count == 64)
        #expect(lines.count == 32 && Set(lines).count == 32)
        #expect(legend.count == 32 && Set(legend).count == 32)
    }
}
