// SPDX-License-Identifier: Apache-2.0

import Foundation

/// comparison.html: runs side by side, and the pictures that the experiment asks for.
struct ComparisonReport {
    let comparison: Comparison

    var html: String {
        let table = ComparisonTable(comparison)
        let header = table.header.enumerated().map {
            "<th\($0.offset == 0 ? "" : " class=\"number\"")>\(HTML.escaped($0.element))</th>"
        }.joined()
        let rows = table.rows.map { row in
            "<tr>"
                + row.enumerated().map { column, cell in
                    let kind = column == 0 ? "" : cell.isBest ? "number hit" : "number"
                    return "<td class=\"\(kind)\">\(HTML.escaped(cell.text))</td>"
                }.joined() + "</tr>"
        }.joined(separator: "\n")
        let failures = comparison.runs.compactMap { run in
            run.error.map { "<p class=\"note\">\(HTML.escaped(run.label)) failed: \(HTML.escaped($0))</p>" }
        }.joined()
        let links = comparison.runs.filter { $0.error == nil }.map { run in
            let name = URL(fileURLWithPath: run.folder).lastPathComponent
            return "<li>\(HTML.escaped(run.label)): <a href=\"../\(name)/report.html\">\(HTML.escaped(name))</a></li>"
        }.joined()
        return HTML.page(
            comparison.title,
            """
            <div style="overflow-x:auto"><table><tr>\(header)</tr>
            \(rows)</table></div>
            <p class="note">After the edit; the best run of each figure is in green. Protocols are in the runs' own pages.</p>
            \(failures)\(plots)<h2>Runs</h2><ul>\(links)</ul>
            """)
    }

    private var plots: String {
        let drawn = comparison.settings.plots.map { plot in plot.x == "stage" ? alongStages(plot) : scatter(plot) }
        return drawn.allSatisfy(\.isEmpty) ? "" : "<h2>Pictures</h2>\n" + drawn.joined()
    }

    /// A point for each run, a line for each variant.
    private func scatter(_ plot: ComparisonSettings.Plot) -> String {
        var series: [Chart.Series] = []
        for run in comparison.runs {
            guard let x = run.value(plot.x), let y = run.value(plot.y) else { continue }
            let point = Chart.Point(
                x: x, y: y, label: "\(run.label): \(Figures.text(x)), \(Figures.text(y))",
                name: run.label, isMarked: comparison.settings.marked.contains(run.label))
            let name = run.variant.isEmpty ? "runs" : run.variant
            if let index = series.firstIndex(where: { $0.name == name }) {
                series[index].points.append(point)
            } else {
                series.append(Chart.Series(name: name, points: [point]))
            }
        }
        return Chart(
            title: plot.title, xName: plot.x, yName: plot.y, series: series, isLogarithmic: plot.isLogarithmic
        ).svg
    }

    /// A line for each run.
    private func alongStages(_ plot: ComparisonSettings.Plot) -> String {
        var stages: [String] = []
        for stage in comparison.runs.compactMap(\.results).flatMap(\.stages) where stage != "after" {
            if !stages.contains(stage) { stages.append(stage) }
        }
        stages.append("after")
        let series = comparison.runs.map { run in
            Chart.Series(
                name: run.label,
                points: stages.enumerated().compactMap { place, stage in
                    run.value(plot.y, stage: stage).map {
                        Chart.Point(x: Double(place), y: $0, label: "\(run.label), \(stage): \(Figures.text($0))")
                    }
                })
        }
        return Chart(title: plot.title, xName: "stage", yName: plot.y, series: series, xLabels: stages).svg
    }
}
