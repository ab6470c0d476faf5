// SPDX-License-Identifier: Apache-2.0

/// What a comparison shows: `compare: {columns: [score], plots: [{x: negatives.rate, y: similarity.bleu}], mark: [tnff]}`.
package struct ComparisonSettings: Sendable, Hashable, Codable {
    /// Two figures against each other, a point for each run and a line for each variant.
    package struct Plot: Sendable, Hashable, Codable {
        /// "evaluator.metric", or "stage": then there is a line for each run, along its stages.
        package var x: String
        package var y: String
        /// Logarithmic x.
        package var isLogarithmic: Bool
        package var title: String

        package init(x: String, y: String, isLogarithmic: Bool, title: String) {
            self.x = x
            self.y = y
            self.isLogarithmic = isLogarithmic
            self.title = title
        }
    }

    /// "evaluator.metric"; empty: all.
    package var columns: [String] = []
    package var plots: [Plot] = []
    /// Labels of runs to be marked in plots: published settings, say.
    package var marked: [String] = []

    init(_ node: ConfigNode?) throws(RuntimeError) {
        guard let node, !node.isNull else { return }
        let reader = try ConfigReader(node, path: "compare", keys: ["columns", "plots", "mark"])
        columns = try reader.texts("columns")
        marked = try reader.texts("mark")
        for (index, item) in try reader.list("plots").enumerated() {
            let plot = try ConfigReader(item, path: "compare.plots[\(index)]", keys: ["x", "y", "title", "scale"])
            let (x, y) = (try plot.requiredText("x"), try plot.requiredText("y"))
            let scale = try plot.choice("scale", of: ["linear", "log"])
            plots.append(
                Plot(x: x, y: y, isLogarithmic: scale == "log", title: try plot.text("title") ?? "\(y) against \(x)"))
        }
    }

    package init() {}
}
