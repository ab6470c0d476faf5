// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// report.html shows a finished run on one page that needs no other file: what the model says now, the figures before and
/// after, what changed in the weights, where the locator looked, and where the time went.
struct RunReport {
    private let title: String
    private let results: MetricsFile
    private let cases: [CaseResult]
    private let skipped: [SkippedCase]
    private let locations: LocationsFile?

    /// The largest number of rows in a table. Beyond it the page refers to the file.
    private static let longestTable = 200
    /// The longest bar, in pixels.
    private static let longestBar = 300.0

    init(
        title: String, results: MetricsFile, cases: [CaseResult], skipped: [SkippedCase] = [], locations: LocationsFile?
    ) {
        self.title = title
        self.results = results
        self.cases = cases
        self.skipped = skipped
        self.locations = locations
    }

    var html: String {
        get throws(RuntimeError) {
            let found = locations.map { LocationPictures($0).sections } ?? []
            let left = SkippedCase.section(skipped, of: cases.count + skipped.count)
            let sections =
                [answers, left, metrics, stages, weights].compactMap { $0 } + found + [seconds].compactMap { $0 }
            return try Page(title: title, sections: sections).html
        }
    }

    // MARK: Sections

    private var answers: Page.Section? {
        let shown = cases.prefix(RunReport.longestTable)
        let stages = CaseResult.stages(of: cases)
        let table = TextTable(
            header: ["prompt"] + stages + ["wanted"],
            rows: shown.map { one in [one.prompt] + stages.map { one.answers[$0] ?? "" } + [one.wanted] })
        let notes =
            cases.count > shown.count
            ? ["The first \(shown.count) of \(cases.count) cases; all are in cases.jsonl."] : []
        return Page.Section(
            heading: "What the model says",
            table: Page.Table(table) { row, column in
                let one = shown[row]
                return column == stages.count && stages.last == "after" && !one.wanted.isEmpty
                    && (one.answers["after"] ?? "").hasPrefix(one.wanted)
            }, notes: notes)
    }

    private var metrics: Page.Section? {
        var order: [String] = []
        var byName: [String: [String: StagedMetric]] = [:]
        for metric in results.metrics {
            if byName[metric.key] == nil { order.append(metric.key) }
            byName[metric.key, default: [:]][metric.stage] = metric
        }
        let rows = order.compactMap { key -> [String]? in
            guard let stages = byName[key], let any = stages["after"] ?? stages["before"] else { return nil }
            func value(_ stage: String) -> String {
                guard let metric = stages[stage] else { return "" }
                let error = metric.standardError.map { " ± \(Figures.text($0))" } ?? ""
                return Figures.text(metric.value) + error
            }
            let direction = any.higherIsBetter.map { $0 ? "higher" : "lower" } ?? ""
            return [
                any.evaluator, any.name, value("before"), value("after"), any.unit, direction, String(any.n),
                any.protocol,
            ]
        }
        return Page.Section(
            heading: "Figures",
            table: Page.Table(
                TextTable(
                    header: ["evaluator", "metric", "before", "after", "unit", "better", "n", "protocol"], rows: rows,
                    numeric: [2, 3, 6])),
            notes: results.metrics.contains { !$0.value.isFinite }
                ? [
                    "Figures that are not finite are shown as nan, inf and -inf; log.jsonl says which cases they come from."
                ]
                : [])
    }

    /// Figures along the stages between before and after, one picture for each evaluator and unit.
    private var stages: Page.Section? {
        var pictures: [(evaluator: String, unit: String, keys: [String])] = []
        for metric in results.metrics where metric.stage == "after" {
            if let index = pictures.firstIndex(where: { $0.evaluator == metric.evaluator && $0.unit == metric.unit }) {
                pictures[index].keys.append(metric.key)
            } else {
                pictures.append((metric.evaluator, metric.unit, [metric.key]))
            }
        }
        let drawn = pictures.map { results.stageChart($0.evaluator, $0.keys, unit: $0.unit) }.filter { !$0.isEmpty }
        return drawn.isEmpty ? nil : Page.Section(heading: "On the way", figures: drawn)
    }

    private var weights: Page.Section? {
        let rows = results.weights.filter { $0.stage == nil }.prefix(RunReport.longestTable).map { change in
            [
                change.parameter, Figures.text(change.deltaNorm), Figures.text(change.baseNorm),
                change.baseNorm > 0 ? Figures.text(100 * change.deltaNorm / change.baseNorm) + " %" : "", change.form,
                change.rank.map(String.init) ?? "",
            ]
        }
        return Page.Section(
            heading: "What changed",
            table: Page.Table(
                TextTable(
                    header: ["parameter", "‖Δ‖", "‖W‖", "share", "form", "rank"], rows: rows, numeric: [1, 2, 3, 5])))
    }

    private var resumed: [String] {
        guard let count = results.processes, count > 1 else { return [] }
        return [
            "The run was resumed, so these are the times of \(count) processes together. Work that an interruption lost counts too."
        ]
    }

    private var seconds: Page.Section? {
        let phases = results.seconds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let longest = max(phases.first?.value ?? 1, .leastNormalMagnitude)
        let rows = phases.map { phase, value in
            Page.Table.Row(cells: [
                Page.Cell(text: phase), Page.Cell(text: Figures.text(value), kind: "number"),
                Page.Cell(text: "", bar: Int(RunReport.longestBar * value / longest)),
            ])
        }
        let head = [Page.Cell(text: "phase"), Page.Cell(text: "seconds", kind: "number"), Page.Cell(text: "")]
        let memory = results.peakMemory.map {
            "The process that worked had \(Figures.size($0)) of memory at most, pages of mapped files included."
        }
        return Page.Section(
            heading: "Seconds", table: Page.Table(head: head, rows: rows), notes: resumed + [memory].compactMap(\.self))
    }
}
