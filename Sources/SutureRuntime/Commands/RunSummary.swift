// SPDX-License-Identifier: Apache-2.0

/// A finished run in the terminal: what the model says now, the figures, and where everything is.
package struct RunSummary {
    private let results: MetricsFile
    private let cases: [CaseResult]
    private let skipped: [SkippedCase]
    private let folder: RunFolder
    private let width: Int

    /// The largest number of prompts in the table. Beyond it the table refers to the file.
    private static let longestTable = 20

    /// - Parameter width: of the terminal, in columns.
    package init(
        results: MetricsFile, cases: [CaseResult], skipped: [SkippedCase] = [], folder: RunFolder, width: Int = .max
    ) {
        self.results = results
        self.cases = cases
        self.skipped = skipped
        self.folder = folder
        self.width = width
    }

    package var text: String {
        [answers, left, metrics, weights, costs, "run folder: \(folder.url.path)"]
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private var answers: String {
        let stages = CaseResult.stages(of: cases)
        var table = TextTable(header: ["prompt"] + stages + ["wanted"])
        table.rows = cases.prefix(RunSummary.longestTable).map { one in
            ([one.prompt] + stages.map { one.answers[$0] ?? "" } + [one.wanted]).map(RunSummary.line)
        }
        let rest = cases.count - table.rows.count
        return table.text(width: width) + (rest > 0 ? "\n… and \(rest) more in cases.jsonl" : "")
    }

    private var left: String {
        skipped.isEmpty ? "" : SkippedCase.summary(skipped, of: cases.count + skipped.count)
    }

    /// Text on one line.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// The largest number of stages that are all shown. Beyond it only the first and the last are.
    private static let mostStages = 8

    private var metrics: String {
        let all = results.stages
        let shown = all.count <= RunSummary.mostStages ? all : ["before", "after"]
        var table = TextTable(
            header: ["metric"] + shown + ["±", "unit", "n", "protocol"],
            numeric: Set(1...shown.count + 1).union([shown.count + 3]))
        var order: [String] = []
        var stages: [String: [String: StagedMetric]] = [:]
        for metric in results.metrics {
            if stages[metric.key] == nil { order.append(metric.key) }
            stages[metric.key, default: [:]][metric.stage] = metric
        }
        for key in order {
            guard let found = stages[key], let any = found["after"] ?? found[shown.last { found[$0] != nil } ?? ""]
            else { continue }
            table.rows.append(
                [key] + shown.map { found[$0].map { Figures.text($0.value) } ?? "" } + [
                    any.standardError.map(Figures.text) ?? "", any.unit, String(any.n), any.protocol,
                ])
        }
        guard !table.rows.isEmpty else { return "" }
        let rest = all.count - shown.count
        return table.text(width: width)
            + (rest > 0 ? "\n… and \(rest) stages between them in report.html and metrics.json" : "")
    }

    private var weights: String {
        var table = TextTable(header: ["parameter", "‖Δ‖", "‖Δ‖/‖W‖", "rank"], numeric: [1, 2, 3])
        let changes = results.weights.filter { $0.stage == nil }
        guard !changes.isEmpty else { return "" }
        table.rows = changes.prefix(RunSummary.longestTable).map {
            [
                $0.parameter, Figures.text($0.deltaNorm),
                $0.baseNorm > 0 ? Figures.text($0.deltaNorm / $0.baseNorm) : "", $0.rank.map(String.init) ?? "dense",
            ]
        }
        let rest = changes.count - table.rows.count
        return table.text(width: width) + (rest > 0 ? "\n… and \(rest) more in metrics.json" : "")
    }

    private var costs: String {
        let phases = results.seconds.filter { $0.value >= 0.005 }.sorted { $0.value > $1.value }
        let count = results.processes ?? 1
        return "seconds\(count > 1 ? " of \(count) processes" : ""): "
            + phases.map { "\($0.key) \(Figures.text($0.value))" }.joined(separator: ", ")
            + (results.peakMemory.map { "\nmemory: \(Figures.size($0)) at most" } ?? "")
    }
}

/// A comparison of several runs in the terminal.
package struct ComparisonSummary {
    private let comparison: Comparison
    private let folder: ComparisonFolder?
    private let width: Int

    /// - Parameters:
    ///   - folder: nil where the comparison was not written down.
    ///   - width: of the terminal, in columns.
    package init(comparison: Comparison, folder: ComparisonFolder?, width: Int = .max) {
        self.comparison = comparison
        self.folder = folder
        self.width = width
    }

    package var text: String {
        let table = ComparisonTable(comparison).table { "*\($0)" }
        return """
            \(table.text(width: width))

            after the edit; * is the best run of a figure\(folder.map { "\ntable and pictures: \($0.page.path)" } ?? "")
            """
    }
}
