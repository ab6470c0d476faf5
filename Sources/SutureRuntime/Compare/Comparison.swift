// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Several runs, compared: the content of comparison.json.
package struct Comparison: Sendable, Codable {
    package struct Run: Sendable, Codable {
        package var label: String
        package var variant: String
        /// Of the run.
        package var folder: String
        /// Why it failed; nil: it did not.
        package var error: String?
        package var results: MetricsFile?

        package init(label: String, variant: String, folder: String, error: String? = nil, results: MetricsFile? = nil)
        {
            self.label = label
            self.variant = variant
            self.folder = folder
            self.error = error
            self.results = results
        }

        /// "evaluator.metric" in a stage.
        func value(_ key: String, stage: String = "after") -> Double? {
            results?.metrics.first { $0.key == key && $0.stage == stage }?.value
        }
    }

    package var title: String
    package var settings: ComparisonSettings
    package var runs: [Run]

    package init(title: String, settings: ComparisonSettings = ComparisonSettings(), runs: [Run]) {
        self.title = title
        self.settings = settings
        self.runs = runs
    }

    /// Finished runs, under their methods' names where these differ, else under their own.
    ///
    /// - Parameter warn: receives a sentence where the runs have not measured on the same data.
    package init(folders: [String], warn: (String) -> Void = { _ in }) throws(RuntimeError) {
        title = "comparison"
        settings = ComparisonSettings()
        runs = []
        var methods: [String] = []
        var experiments: [(folder: String, experiment: ResolvedExperiment)] = []
        for path in folders {
            let folder = RunFolder(URL(fileURLWithPath: path))
            let experiment = try ResolvedExperiment(runFolder: path)
            let method = try experiment.requiredMethod().id
            guard folder.isDone else {
                throw RuntimeError(
                    .usage, "the run in '\(path)' is not done", hint: "continue with `suture run --resume \(path)`")
            }
            methods.append(method)
            experiments.append((path, experiment))
            runs.append(
                Run(
                    label: experiment.runID, variant: method, folder: folder.url.path,
                    results: try RunLauncher().results(folder)))
        }
        for warning in SharedInputs.warnings(experiments) { warn(warning) }
        guard Set(methods).count == methods.count else { return }
        for (index, method) in methods.enumerated() { runs[index].label = method }
    }

    /// A figure that some run has.
    struct Column {
        var key: String
        /// Without the evaluator, where no other evaluator has a figure of that name; with the unit.
        var name: String
        var higherIsBetter: Bool?
    }

    /// The figures of all runs at the end, in the order in which they come first; only those that were asked for, if any.
    var columns: [Column] {
        var metrics: [StagedMetric] = []
        for metric in runs.compactMap(\.results).flatMap(\.metrics) where metric.stage == "after" {
            if !metrics.contains(where: { $0.key == metric.key }) { metrics.append(metric) }
        }
        if !settings.columns.isEmpty {
            metrics = settings.columns.compactMap { key in metrics.first { $0.key == key } }
        }
        return metrics.map { metric in
            let isAlone = metrics.count { $0.name == metric.name } == 1
            let unit = metric.unit == "percent" ? "%" : metric.unit
            let name = isAlone ? metric.name : metric.key
            return Column(
                key: metric.key, name: unit.isEmpty || unit == "ratio" ? name : "\(name) (\(unit))",
                higherIsBetter: metric.higherIsBetter)
        }
    }

    /// The figure of the unedited model; nil where the runs do not agree on it.
    func unedited(_ key: String) -> Double? {
        let values = runs.compactMap { $0.value(key, stage: "before") }
        // NaN does not equal itself, and runs can agree on it.
        return Set(values.map(Figures.exact)).count == 1 ? values.first : nil
    }

    /// The best finite figure of all runs; nil where they are all equal.
    func best(_ column: Column) -> Double? {
        let values = Set(runs.compactMap { $0.value(column.key) }.filter(\.isFinite))
        guard values.count > 1, let better = column.higherIsBetter else { return nil }
        return better ? values.max() : values.min()
    }
}

extension StagedMetric {
    /// "evaluator.metric"
    package var key: String { "\(evaluator).\(metric.name)" }
}

extension MetricsFile {
    /// The seconds of everything except measuring and loading, over all processes of the run: locating, statistics where they
    /// were not kept from an earlier run, keys, values, solving, applying.
    var editSeconds: Double {
        let others = ["evaluate", "answers", "load", "summarize"]
        return seconds.filter { phase in !others.contains { phase.key.hasPrefix($0) } }.values.reduce(0, +)
    }

    /// The Frobenius norm of everything that changed.
    var deltaNorm: Double {
        weights.filter { $0.stage == nil }.reduce(0) { $0 + $1.deltaNorm * $1.deltaNorm }.squareRoot()
    }
}

/// A table of a comparison: runs or figures side by side, whichever takes less room.
package struct ComparisonTable: Sendable {
    package struct Cell: Sendable {
        package var text: String
        package var isBest = false
    }

    package var header: [String]
    package var rows: [[Cell]] = []

    /// Of a number, in letters.
    private static let numberWidth = 7

    package init(_ comparison: Comparison) {
        let columns = comparison.columns
        func cell(_ column: Comparison.Column, _ run: Comparison.Run) -> Cell {
            guard let value = run.value(column.key) else { return Cell(text: "") }
            return Cell(text: Figures.text(value), isBest: value == comparison.best(column))
        }
        func effort(_ value: Double?) -> Cell { Cell(text: value.map(Figures.text) ?? "failed") }
        func width(_ first: [String], _ others: [String]) -> Int {
            others.reduce(first.map(DisplayText.width).max() ?? 0) {
                $0 + 2 + max(DisplayText.width($1), ComparisonTable.numberWidth)
            }
        }
        let (figures, runs) = (columns.map(\.name), comparison.runs.map(\.label))
        if width(figures, runs + ["unedited"]) <= width(runs, figures + ["‖Δ‖", "seconds to edit"]) {
            header = ["figure", "unedited"] + comparison.runs.map(\.label)
            for column in columns {
                let unedited = comparison.unedited(column.key).map(Figures.text) ?? ""
                rows.append([Cell(text: column.name), Cell(text: unedited)] + comparison.runs.map { cell(column, $0) })
            }
            rows.append([Cell(text: "‖Δ‖"), Cell(text: "")] + comparison.runs.map { effort($0.results?.deltaNorm) })
            rows.append(
                [Cell(text: "seconds to edit"), Cell(text: "")]
                    + comparison.runs.map { effort($0.results?.editSeconds) })
        } else {
            header = ["run"] + columns.map(\.name) + ["‖Δ‖", "seconds to edit"]
            rows.append(
                [Cell(text: "unedited")]
                    + columns.map { Cell(text: comparison.unedited($0.key).map(Figures.text) ?? "") }
                    + [Cell(text: ""), Cell(text: "")])
            for run in comparison.runs {
                rows.append(
                    [Cell(text: run.label)] + columns.map { cell($0, run) }
                        + [effort(run.results?.deltaNorm), effort(run.results?.editSeconds)])
            }
        }
    }

    /// The cells as texts. Those of the best runs are marked.
    package func table(marking best: (String) -> String) -> TextTable {
        TextTable(
            header: header, rows: rows.map { $0.map { $0.isBest ? best($0.text) : $0.text } },
            numeric: Set(header.indices.dropFirst()))
    }
}
