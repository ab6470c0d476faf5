// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The changes of two patches beside each other.
package struct PatchComparison {
    package struct Parameter: Sendable, Hashable, Codable {
        package var parameter: String
        /// ‖Δ‖ of each; 0 where a patch leaves the parameter as it is.
        package var first: Double
        package var second: Double
        /// ‖Δ₂ − Δ₁‖
        package var difference: Double
        /// ⟨Δ₁, Δ₂⟩ / (‖Δ₁‖ ‖Δ₂‖); nil where one of them is 0.
        package var cosine: Double?
    }

    package let parameters: [Parameter]

    /// - Throws: `file` for patches of different models.
    package init(_ first: URL, _ second: URL) throws(RuntimeError) {
        let (a, b) = (try PatchAlgebra.Source(first), try PatchAlgebra.Source(second))
        // Says where the patches belong to different models.
        let both = try PatchAlgebra.Sum([a, b])
        parameters = try RuntimeError.wrapping {
            try zip(both.deltas, both.bases).map { delta, base in
                let shape = base.weightShape
                func change(_ source: PatchAlgebra.Source) throws -> Tensor {
                    try source.patch.deltas.first { $0.parameter == delta.parameter }?.float64(shape: shape)
                        ?? Tensor.zeros(shape, dtype: .float64)
                }
                let (x, y) = try (change(a), change(b))
                let norms = try (x.norm().item(), y.norm().item())
                let product = try (x * y).sum().item()
                return Parameter(
                    parameter: delta.parameter, first: norms.0, second: norms.1, difference: try (y - x).norm().item(),
                    cosine: norms.0 > 0 && norms.1 > 0 ? product / (norms.0 * norms.1) : nil)
            }
        }
    }

    /// A line for each parameter, for people.
    package var table: TextTable {
        TextTable(
            header: ["parameter", "‖Δ₁‖", "‖Δ₂‖", "‖Δ₂ − Δ₁‖", "cosine"],
            rows: parameters.map { one in
                [
                    one.parameter, Figures.text(one.first), Figures.text(one.second), Figures.text(one.difference),
                    one.cosine.map(Figures.text) ?? "–",
                ]
            }, numeric: [1, 2, 3, 4])
    }
}

extension PatchExtraction.Report {
    /// A line for each changed tensor, for people.
    package var table: TextTable {
        TextTable(
            header: ["parameter", "form", "rank", "‖Δ‖", "left out", "numbers that differ"],
            rows: findings.map { one in
                [
                    one.parameter, one.form.rawValue, one.rank.map(String.init) ?? "–", Figures.text(one.norm),
                    "\(Figures.text(one.error * 100)) %", String(one.differing),
                ]
            }, numeric: [2, 3, 4, 5])
    }
}

extension PEFTExport.Report {
    /// For people.
    package var facts: [(String, String)] {
        [
            ("modules", String(modules.count)), ("rank", String(rank)),
            ("left out", "\(Figures.text(error * 100)) % of the norm"),
        ]
    }
}
