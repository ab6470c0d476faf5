// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

extension PatchManifest {
    /// What `patch show` prints: where the patch comes from, and a line for each parameter.
    public var table: String {
        let head = ["parameter", "form", "rank", "‖Δ‖", "‖Δ‖/‖W‖", "factors", "model"]
        let rows = changes.map { change in
            [
                change.parameter, change.form.rawValue, change.rank.map(String.init) ?? "–", Self.short(change.norm),
                change.relativeNorm.map(Self.short) ?? "–", change.dtype,
                Self.readable(change.base.dtype) + (change.base.isTransposed ? ", stored [in, out]" : ""),
            ]
        }
        let widths = head.indices.map { column in ([head] + rows).map { $0[column].count }.max() ?? 0 }
        let lines = ([head] + rows).map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                // Numbers are set flush right.
                line += (column == 0 ? "" : "  ") + ((2...4).contains(column) ? space + cell : cell + space)
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        return """
            method  \(origin.method) \(origin.methodVersion), plugin \(origin.plugin) \(origin.pluginVersion)
            run     \(origin.runID)
            model   \(origin.model)

            \(lines.joined(separator: "\n"))

            """
    }

    /// "bfloat16" for "BF16".
    private static func readable(_ stored: String) -> String {
        StoredDtype(rawValue: stored).map { DType(stored: $0).description } ?? stored
    }

    /// Four digits.
    private static func short(_ value: Double) -> String { String(format: "%.4g", value) }
}
