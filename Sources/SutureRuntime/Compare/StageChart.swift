// SPDX-License-Identifier: Apache-2.0

extension MetricsFile {
    /// The stages in their order: before, what was on the way, after.
    package var stages: [String] {
        var stages: [String] = []
        for metric in metrics where !stages.contains(metric.stage) { stages.append(metric.stage) }
        return stages
    }

    /// A picture of some figures along the stages; empty where there is nothing between before and after.
    func stageChart(_ title: String, _ keys: [String], unit: String) -> String {
        let stages = stages
        guard stages.count > 2 else { return "" }
        let series = keys.map { key in
            Chart.Series(
                name: key,
                points: metrics.filter { $0.key == key }.compactMap { metric in
                    guard let place = stages.firstIndex(of: metric.stage) else { return nil }
                    return Chart.Point(
                        x: Double(place), y: metric.value,
                        label: "\(metric.stage): \(Figures.text(metric.value))")
                })
        }
        return Chart(title: title, xName: "stage", yName: unit, series: series, xLabels: stages).svg
    }
}
