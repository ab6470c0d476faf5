// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// The sections of a page that show what a locator found: heat maps, curves along the layers, and what is selected.
struct LocationPictures {
    private let file: LocationsFile

    /// Maps and charts on a page. Beyond it the page refers to the file.
    private static let mostPictures = 12
    /// A map of more rows is drawn as coloured cells, and one of fewer as curves.
    private static let mostCurves = 2
    private static let longestTable = 40
    /// The longest bar, in pixels.
    private static let longestBar = 120.0

    init(_ file: LocationsFile) { self.file = file }

    var sections: [Page.Section] { [pictures, selection].compactMap { $0 } }

    // MARK: Maps and curves

    private var pictures: Page.Section? {
        let maps = LocationMap.all(of: file)
        guard !maps.isEmpty else { return nil }
        var section = Page.Section(heading: "Where the locator looked")
        var charts: [(key: CurveKey, maps: [LocationMap])] = []
        var count = 0
        var left = 0
        for map in maps {
            if map.rows.count <= Self.mostCurves, map.layers.count > 1 {
                let key = CurveKey(map)
                if let known = charts.firstIndex(where: { $0.key == key }) {
                    charts[known].maps.append(map)
                    continue
                }
                guard count < Self.mostPictures else {
                    left += 1
                    continue
                }
                charts.append((key, [map]))
            } else {
                guard count < Self.mostPictures else {
                    left += 1
                    continue
                }
                section.maps.append(heatMap(map))
            }
            count += 1
        }
        for (key, maps) in charts {
            section.figures.append(chart(key, maps))
            section.tables.append(Page.Details(summary: "Values: \(key.title)", values: values(maps)))
        }
        if left > 0 { section.notes.append("\(left) more maps are in locations.json.") }
        return section
    }

    /// Curves of one key share a chart: the same quantity at the same site.
    private struct CurveKey: Hashable {
        var source: LocationMap.Source
        var sourceName: String
        var kind: Site.Kind
        var quantity: String
        var isRank: Bool

        init(_ map: LocationMap) {
            source = map.source
            sourceName = map.sourceName
            kind = map.kind
            quantity = map.quantity
            isRank = map.isRank
        }

        var title: String { [sourceName, kind.name, quantity].filter { !$0.isEmpty }.joined(separator: ", ") }
    }

    private func chart(_ key: CurveKey, _ maps: [LocationMap]) -> String {
        let layers = Set(maps.flatMap(\.layers)).sorted()
        let series = maps.flatMap { map in
            map.rows.map { row in
                let name = curveName(map, row)
                return Chart.Series(
                    name: name,
                    points: zip(map.layers, row.scores).enumerated().compactMap { column, cell in
                        guard let score = cell.1, let place = layers.firstIndex(of: cell.0) else { return nil }
                        return Chart.Point(
                            x: Double(place), y: score, label: "\(name), layer \(cell.0): \(Figures.text(score))",
                            name: "layer \(cell.0)", isMarked: row.isSelected[column])
                    })
            }
        }
        var chart = Chart(
            title: key.title, xName: "layer", yName: key.quantity.isEmpty ? "score" : key.quantity,
            series: series, xLabels: layers.map(String.init))
        chart.isLogarithmicY = key.isRank
        return chart.svg
    }

    private func curveName(_ map: LocationMap, _ row: LocationMap.Row) -> String {
        map.measure.isEmpty ? row.name : "\(map.measure), \(row.name)"
    }

    /// The scores of maps as texts, a row for each row of a map.
    private func values(_ maps: [LocationMap]) -> Page.Table {
        let layers = Set(maps.flatMap(\.layers)).sorted()
        var table = TextTable(header: ["place"] + layers.map(String.init), numeric: Set(1...max(layers.count, 1)))
        for map in maps {
            for row in map.rows {
                let known = Dictionary(zip(map.layers, row.scores)) { first, _ in first }
                let selected = Set(zip(map.layers, row.isSelected).filter(\.1).map(\.0))
                table.rows.append(
                    [curveName(map, row)]
                        + layers.map { layer in
                            guard let score = known[layer] ?? nil else { return "" }
                            return Figures.text(score) + (selected.contains(layer) ? " ✓" : "")
                        })
            }
        }
        return Page.Table(table)
    }

    private func heatMap(_ map: LocationMap) -> Page.HeatMap {
        let scale = ColorScale(map)
        let chosen = selectedLayers(map)
        let subject = map.rows.contains(where: \.isSubject) ? " The subject is bold." : ""
        let marks = map.rows.contains { $0.isSelected.contains(true) } ? " Selected cells are outlined." : ""
        let heads = chosen.isEmpty ? "" : " Selected layers are marked by ✓."
        return Page.HeatMap(
            caption: map.title, explanation: "Columns are layers.\(subject)\(marks)\(heads)",
            columns: map.layers.map { "\($0)\(chosen.contains($0) ? "✓" : "")" },
            lines: map.rows.map { row in
                Page.HeatMap.Line(
                    name: row.name, mark: row.isSubject ? "subject" : "",
                    squares: zip(row.scores, row.isSelected).enumerated().map { column, cell in
                        let text = cell.0.map(Figures.text) ?? "not measured"
                        return Page.HeatMap.Square(
                            color: cell.0.map(scale.color) ?? "transparent", outline: cell.1 ? "chosen" : "",
                            label: "\(row.name), layer \(map.layers[column]): \(text)")
                    })
            }, low: scale.lowText, high: scale.highText, gradient: scale.gradient,
            details: Page.Details(summary: "Values", values: values([map])))
    }

    /// Layers of which something is selected for a map's cases, at whatever site.
    private func selectedLayers(_ map: LocationMap) -> Set<Int> {
        let own: Int? = if case .one(let index, _) = map.source { index } else { nil }
        return Set(
            file.locations.lazy.filter { $0.isSelected && ($0.caseIndex == nil || $0.caseIndex == own) }
                .compactMap(\.site.layer))
    }

    // MARK: Selection

    private var selection: Page.Section? {
        let selection = LocationSelection(file)
        guard !selection.lines.isEmpty else { return nil }
        let most = Double(max(selection.lines.map(\.units).max() ?? 1, 1))
        var table = Page.Table(selection.table(limit: Self.longestTable))
        for (row, line) in zip(table.rows.indices, selection.lines) where line.units > 0 {
            table.rows[row].cells[4].bar = max(1, Int(Self.longestBar * Double(line.units) / most))
        }
        let rest = selection.lines.count - table.rows.count
        return Page.Section(
            heading: "What is selected", table: table, notes: rest > 0 ? ["\(rest) more are in locations.json."] : [])
    }
}

/// Colours of scores. The colour says the sign and its strength the size, so that it works on light and dark pages. Scores
/// of both signs have symmetric limits, and ranks are compared by their logarithms.
struct ColorScale {
    private static let positive = "110,86,207"
    private static let negative = "217,101,21"

    private let limit: Double
    private let hasPositive: Bool
    private let hasNegative: Bool
    private let isRank: Bool

    init(_ map: LocationMap) {
        let scores = map.scores
        limit = map.limit
        hasNegative = scores.contains { $0 < 0 }
        hasPositive = scores.contains { $0 > 0 } || !hasNegative
        isRank = map.isRank
    }

    /// A CSS colour. The strongest rank is the first.
    func color(_ score: Double) -> String {
        guard score.isFinite else { return "transparent" }
        let part: Double
        if isRank {
            part = limit > 1 ? 1 - log(score) / log(limit) : 1
        } else {
            part = limit > 0 ? abs(score) / limit : 0
        }
        return ColorScale.css(score < 0 ? Self.negative : Self.positive, max(0, min(1, part)))
    }

    var lowText: String { isRank ? Figures.text(limit) : hasNegative ? Figures.text(-limit) : "0" }
    var highText: String { isRank ? "1" : hasPositive ? Figures.text(limit) : "0" }

    /// The colours from the low to the high limit.
    var gradient: String {
        let low = ColorScale.css(Self.negative, hasNegative ? 1 : 0)
        let high = ColorScale.css(Self.positive, hasPositive ? 1 : 0)
        let middle = hasNegative && hasPositive ? ",transparent" : ""
        return hasNegative
            ? "linear-gradient(90deg,\(low)\(middle),\(high))" : "linear-gradient(90deg,transparent,\(high))"
    }

    /// A CSS colour of a number of either sign.
    static func color(_ value: Double, limit: Double) -> String {
        guard value.isFinite, limit > 0 else { return "transparent" }
        return css(value < 0 ? negative : positive, min(1, abs(value) / limit))
    }

    private static func css(_ color: String, _ strength: Double) -> String {
        "rgba(\(color),\(String(format: "%.3f", strength)))"
    }
}

extension LocationMap {
    /// Ranks from 1: whatever is measured as a rank and is nowhere below 1, which a difference of ranks would be.
    var isRank: Bool {
        measure.lowercased().hasPrefix("rank") && !scores.isEmpty && scores.allSatisfy { $0 >= 1 }
    }

    /// What is measured, without the word that it is measured of: "probability" for "probability of Paris".
    var quantity: String { measure.ranges(of: " of ").first.map { String(measure[..<$0.lowerBound]) } ?? measure }
}
