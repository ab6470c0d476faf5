// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// report.html shows a finished run on one page that needs no other file: what the model says now, the figures before
/// and
/// after, what changed in the weights, where the locator looked, and where the time went.
struct RunReport {
    private let title: String
    private let results: MetricsFile
    private let cases: [CaseResult]
    private let locations: [Location]

    /// The largest number of rows in a table. Beyond it the page refers to the file.
    private static let longestTable = 200
    /// Heat maps on a page.
    private static let mostMaps = 4
    /// The longest bar, in pixels.
    private static let longestBar = 300.0

    init(title: String, results: MetricsFile, cases: [CaseResult], locations: [Location]) {
        self.title = title
        self.results = results
        self.cases = cases
        self.locations = locations
    }

    var html: String {
        get throws(RuntimeError) {
            let sections = [answers, metrics, stages, weights, heatMaps, seconds]
            return try Page(title: title, sections: sections.compactMap { $0 }).html
        }
    }

    // MARK: Sections

    private var answers: Page.Section? {
        let shown = cases.prefix(RunReport.longestTable)
        let table = TextTable(
            header: ["prompt", "before", "after", "wanted"],
            rows: shown.map { [$0.prompt, $0.answers["before"] ?? "", $0.answers["after"] ?? "", $0.wanted] })
        let notes =
            cases.count > shown.count
            ? ["The first \(shown.count) of \(cases.count) cases; all are in cases.jsonl."] : []
        return Page.Section(
            heading: "What the model says",
            table: Page.Table(table) { row, column in
                let one = shown[row]
                return column == 2 && !one.wanted.isEmpty && (one.answers["after"] ?? "").hasPrefix(one.wanted)
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
                    numeric: [2, 3, 6])))
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
        return Page.Section(heading: "Seconds", table: Page.Table(head: head, rows: rows))
    }

    // MARK: Heat maps

    /// Maps of layers and positions that a locator measured, one per case and kind of site.
    private var heatMaps: Page.Section? {
        struct Key: Hashable {
            var caseIndex: Int
            var kind: Site.Kind
        }
        let cells = locations.filter { $0.position != nil && $0.site.layer != nil && $0.unit == nil }
        let maps = Dictionary(grouping: cells) { Key(caseIndex: $0.caseIndex ?? 0, kind: $0.site.kind) }
        let shown = maps.sorted { ($0.key.caseIndex, $0.key.kind.rawValue) < ($1.key.caseIndex, $1.key.kind.rawValue) }
        guard !shown.isEmpty else { return nil }
        let drawn = shown.prefix(RunReport.mostMaps).map { key, cells in
            heatMap("case \(key.caseIndex), \(key.kind.name)", cells)
        }
        let rest = shown.count - drawn.count
        return Page.Section(
            heading: "Where the locator looked", maps: drawn,
            notes: rest > 0 ? ["\(rest) more maps are in locations.json."] : [])
    }

    private func heatMap(_ name: String, _ cells: [Location]) -> Page.HeatMap {
        let layers = cells.compactMap(\.site.layer).max() ?? 0
        let positions = cells.compactMap(\.position).max() ?? 0
        var values: [Int: [Int: Double]] = [:]
        for cell in cells {
            if let position = cell.position, let layer = cell.site.layer {
                values[position, default: [:]][layer] = cell.score
            }
        }
        let top = max(cells.map(\.score).filter(\.isFinite).max() ?? 0, .leastNormalMagnitude)
        let lines = (0...positions).map { position in
            Page.HeatMap.Line(
                name: "token \(position)",
                squares: (0...layers).map { layer in
                    let score = values[position]?[layer] ?? 0
                    let strength = score.isFinite ? max(0, min(1, score / top)) : 0
                    return Page.HeatMap.Square(
                        strength: String(format: "%.3f", strength),
                        label: "layer \(layer), token \(position): \(Figures.text(score))")
                })
        }
        return Page.HeatMap(
            caption: "\(name): rows are tokens, columns are layers 0–\(layers), the strongest colour is "
                + Figures.text(top), lines: lines)
    }
}
