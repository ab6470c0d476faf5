// SPDX-License-Identifier: Apache-2.0

import Foundation

/// comparison.html compares runs and has the pictures that the experiment asks for.
package struct ComparisonReport {
    package let comparison: Comparison
    /// The folder that the page is written to. Its links to the pages of the runs are relative to it.
    package let folder: URL

    package init(comparison: Comparison, folder: URL) {
        self.comparison = comparison
        self.folder = folder
    }

    package var html: String {
        get throws(RuntimeError) {
            let table = ComparisonTable(comparison)
            let failed = comparison.runs.compactMap { run in run.error.map { "\(run.label) failed: \($0)" } }
            var sections = [
                Page.Section(
                    table: Page.Table(table.table { $0 }) { table.rows[$0][$1].isBest },
                    notes: [
                        "All figures are those after the edit; the best run of each figure is in green. The protocols "
                            + "are in the runs' own pages."
                    ] + failed)
            ]
            let drawn = comparison.settings.plots.map { plot in
                plot.x == "stage" ? alongStages(plot) : scatter(plot)
            }.filter { !$0.isEmpty }
            if !drawn.isEmpty { sections.append(Page.Section(heading: "Pictures", figures: drawn)) }
            let links = comparison.runs.filter { $0.error == nil }.map(link)
            if !links.isEmpty { sections.append(Page.Section(heading: "Runs", links: Page.Links(items: links))) }
            return try Page(title: comparison.title, sections: sections).html
        }
    }

    private func link(_ run: Comparison.Run) -> Page.Link {
        let report = RunFolder(URL(fileURLWithPath: run.folder)).report
        let here = folder.standardizedFileURL.pathComponents
        let there = report.standardizedFileURL.pathComponents
        let shared = zip(here, there).prefix { $0 == $1 }.count
        let way = here.dropFirst(shared).map { _ in ".." } + there.dropFirst(shared)
        let address = way.map {
            $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(Self.plain)) ?? $0
        }
        return Page.Link(
            label: run.label, address: address.joined(separator: "/"),
            place: report.deletingLastPathComponent().lastPathComponent)
    }

    /// Characters that need no escape in a part of an address. A colon could be taken for a scheme.
    private static let plain = CharacterSet(charactersIn: "-._~")

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
