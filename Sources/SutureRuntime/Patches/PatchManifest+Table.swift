// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

extension PatchManifest {
    /// Where the patch comes from, for people.
    package var facts: [(String, String)] {
        (origin?.facts ?? []) + (derivation?.facts ?? []) + [("model", model)]
            + (madeOn.map { [("made on", "the model with \($0.map(\.name).joined(separator: ", "))")] } ?? [])
    }

    /// A line for each parameter, for people.
    package var table: TextTable {
        TextTable(
            header: ["parameter", "form", "rank", "‖Δ‖", "‖Δ‖/‖W‖", "factors", "model"],
            rows: changes.map { change in
                [
                    change.parameter, change.form.rawValue, change.rank.map(String.init) ?? "–",
                    Self.short(change.norm), change.relativeNorm.map(Self.short) ?? "–", change.dtype,
                    Self.readable(change.base.dtype) + (change.base.isTransposed ? ", stored [in, out]" : ""),
                ]
            }, numeric: [2, 3, 4])
    }

    /// "bfloat16" for "BF16".
    private static func readable(_ stored: String) -> String {
        StoredDtype(rawValue: stored).map { DType(stored: $0).description } ?? stored
    }

    /// Four digits.
    private static func short(_ value: Double) -> String { String(format: "%.4g", value) }
}

extension PatchManifest.Origin {
    fileprivate var facts: [(String, String)] {
        [("method", "\(method) \(methodVersion), plugin \(plugin) \(pluginVersion)"), ("run", runID)]
    }
}

extension PatchDerivation {
    fileprivate var facts: [(String, String)] {
        var facts = [("made by", "patch \(operation.rawValue)")]
        if !sources.isEmpty { facts.append(("of", sources.map(\.name).joined(separator: ", "))) }
        if let factor { facts.append(("factor", Figures.exact(factor))) }
        if let error { facts.append(("left out", "\(Figures.text(error * 100)) % of the norm")) }
        return facts
    }
}
