// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// report.html: a finished run on one page that needs nothing else. What the model says now, the figures before and after,
/// what changed in the weights, where the locator looked, where the time went.
public struct RunReport {
    private let title: String
    private let results: MetricsFile
    private let cases: [CaseResult]
    private let locations: [Location]

    /// Rows of a table beyond which the page refers to the file.
    private static let longestTable = 200

    public init(title: String, results: MetricsFile, cases: [CaseResult], locations: [Location]) {
        self.title = title
        self.results = results
        self.cases = cases
        self.locations = locations
    }

    public var html: String {
        HTML.page(title, answers + metrics + stages + weights + heatMaps + seconds)
    }

    // MARK: Sections

    private var answers: String {
        let rows = cases.prefix(RunReport.longestTable).map { one in
            let after = one.answers["after"] ?? ""
            let hit = !one.wanted.isEmpty && after.hasPrefix(one.wanted)
            return row([
                cell(one.prompt), cell(one.answers["before"] ?? ""), cell(after, class: hit ? "hit" : ""),
                cell(one.wanted),
            ])
        }
        let rest =
            cases.count > rows.count
            ? "<p class=\"note\">The first \(rows.count) of \(cases.count) cases; all are in cases.jsonl.</p>" : ""
        return section("What the model says", table(["prompt", "before", "after", "wanted"], rows) + rest)
    }

    private var metrics: String {
        var order: [String] = []
        var byName: [String: [String: StagedMetric]] = [:]
        for metric in results.metrics {
            if byName[metric.key] == nil { order.append(metric.key) }
            byName[metric.key, default: [:]][metric.stage] = metric
        }
        let rows = order.compactMap { key -> String? in
            guard let stages = byName[key], let any = stages["after"] ?? stages["before"] else { return nil }
            func value(_ stage: String) -> String {
                guard let metric = stages[stage] else { return "" }
                let error = metric.standardError.map { " ± \(number($0))" } ?? ""
                return number(metric.value) + error
            }
            let direction = any.higherIsBetter.map { $0 ? "higher" : "lower" } ?? ""
            return row([
                cell(any.evaluator), cell(any.name), cell(value("before"), class: "number"),
                cell(value("after"), class: "number"), cell(any.unit), cell(direction),
                cell(String(any.n), class: "number"), cell(any.protocol),
            ])
        }
        return section(
            "Figures",
            table(["evaluator", "metric", "before", "after", "unit", "better", "n", "protocol"], rows))
    }

    /// Figures along the stages between before and after, one picture for each evaluator and unit.
    private var stages: String {
        var pictures: [(evaluator: String, unit: String, keys: [String])] = []
        for metric in results.metrics where metric.stage == "after" {
            if let index = pictures.firstIndex(where: { $0.evaluator == metric.evaluator && $0.unit == metric.unit }) {
                pictures[index].keys.append(metric.key)
            } else {
                pictures.append((metric.evaluator, metric.unit, [metric.key]))
            }
        }
        let drawn = pictures.map { results.stageChart($0.evaluator, $0.keys, unit: $0.unit) }.joined()
        return drawn.isEmpty ? "" : section("On the way", drawn)
    }

    private var weights: String {
        let rows = results.weights.filter { $0.stage == nil }.prefix(RunReport.longestTable).map { change in
            row([
                cell(change.parameter), cell(number(change.deltaNorm), class: "number"),
                cell(number(change.baseNorm), class: "number"),
                cell(
                    number(100 * change.deltaNorm / max(change.baseNorm, .leastNormalMagnitude)) + " %", class: "number"
                ),
                cell(change.form), cell(change.rank.map(String.init) ?? "", class: "number"),
            ])
        }
        return section("What changed", table(["parameter", "‖Δ‖", "‖W‖", "share", "form", "rank"], rows))
    }

    private var seconds: String {
        let longest = results.seconds.values.max() ?? 1
        let rows = results.seconds.sorted { $0.value > $1.value }.map { phase, value in
            row([
                cell(phase), cell(number(value), class: "number"),
                "<td><span class=\"bar\" style=\"width:\(Int(300 * value / longest))px\"></span></td>",
            ])
        }
        return section("Seconds", table(["phase", "seconds", ""], rows))
    }

    /// Layer × position maps of what a locator measured, one per case and kind of site, at most four.
    private var heatMaps: String {
        struct Key: Hashable {
            var caseIndex: Int
            var kind: Site.Kind
        }
        let cells = locations.filter { $0.position != nil && $0.site.layer != nil && $0.unit == nil }
        let maps = Dictionary(grouping: cells) { Key(caseIndex: $0.caseIndex ?? 0, kind: $0.site.kind) }
        let shown = maps.sorted { ($0.key.caseIndex, $0.key.kind.rawValue) < ($1.key.caseIndex, $1.key.kind.rawValue) }
        guard !shown.isEmpty else { return "" }
        let drawn = shown.prefix(4).map { key, cells in
            heatMap("case \(key.caseIndex), \(key.kind.name)", cells)
        }
        return section("Where the locator looked", drawn.joined())
    }

    private func heatMap(_ caption: String, _ cells: [Location]) -> String {
        let layers = cells.compactMap(\.site.layer).max() ?? 0
        let positions = cells.compactMap(\.position).max() ?? 0
        var values: [Int: [Int: Double]] = [:]
        for cell in cells {
            if let position = cell.position, let layer = cell.site.layer {
                values[position, default: [:]][layer] = cell.score
            }
        }
        let top = max(cells.map(\.score).max() ?? 0, .leastNormalMagnitude)
        let rows = (0...positions).map { position in
            let squares = (0...layers).map { layer -> String in
                let score = values[position]?[layer] ?? 0
                let strength = max(0, min(1, score / top))
                return
                    "<td class=\"cell\" style=\"background:rgba(110,86,207,\(number(strength)))\" title=\"layer \(layer), token \(position): \(number(score))\"></td>"
            }
            return "<tr><th>token \(position)</th>\(squares.joined())</tr>"
        }
        return
            "<p class=\"note\">\(escaped(caption)): rows are tokens, columns layers 0–\(layers), darkest is \(number(top))</p><table style=\"width:auto\">\(rows.joined())</table>"
    }

    // MARK: Pieces

    private func section(_ title: String, _ body: String) -> String { "<h2>\(escaped(title))</h2>\n\(body)\n" }
    private func table(_ header: [String], _ rows: [String]) -> String {
        "<table><tr>\(header.map { "<th>\(escaped($0))</th>" }.joined())</tr>\n\(rows.joined(separator: "\n"))</table>"
    }
    private func row(_ cells: [String]) -> String { "<tr>\(cells.joined())</tr>" }
    private func cell(_ text: String, class name: String = "") -> String {
        name.isEmpty ? "<td>\(escaped(text))</td>" : "<td class=\"\(name)\">\(escaped(text))</td>"
    }
    private func escaped(_ text: String) -> String { HTML.escaped(text) }
    private func number(_ value: Double) -> String { Figures.text(value) }
}

/// Numbers for people: four significant digits, no exponent where it can be helped.
public enum Figures {
    public static func text(_ value: Double) -> String {
        guard value.isFinite else { return String(value) }
        let size = abs(value)
        if size == 0 { return "0" }
        if size < 1e-3 || size >= 1e7 { return String(format: "%.3g", value) }
        return String(format: size >= 100 ? "%.1f" : size >= 1 ? "%.2f" : "%.4f", value)
    }
}
