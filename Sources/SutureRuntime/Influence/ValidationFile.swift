// SPDX-License-Identifier: Apache-2.0

import Foundation

/// validation.json: whether training does what an estimate says.
package struct ValidationFile: Sendable, Codable {
    package var estimator: LocationsFile.Locator
    /// The folder of the base model.
    package var base: String
    /// Models that were trained on random subsets, and the share of the examples in each.
    package var subsets: Int
    package var share: Double
    /// Nil without subsets.
    package var datamodels: DatamodelScore?
    package var groups: [Group]
    /// Those of the estimate, where planted examples are known.
    package var planted: PlantedFigures?
    package var examples: Int
    /// What the estimate took: of its phases, and at most.
    package var seconds: [String: Double]
    package var peakMemory: Int?

    /// Examples that were left out of a training on all others.
    package struct Group: Sendable, Codable, Hashable {
        package enum Choice: String, Sendable, Codable, CaseIterable { case promoting, counteracting, random }
        package var choice: Choice
        package var size: Int
        /// By how much log p of an unwanted text changed, against a training on all examples: the mean over the texts, in nats.
        package var change: Double
    }

    /// Seconds of fitting and tracing, for 1,000 examples. Making the queries does not count, nor what was in the cache.
    package var secondsPerThousand: Double {
        let others: Set<String> = ["load", "rank", "tokens", "known", "queries"]
        return seconds.filter { !others.contains($0.key) }.values.reduce(0, +) / max(Double(examples), 1) * 1_000
    }
}

/// What `suture influence --validate` answers in the terminal: a row for each estimator.
package struct ValidationTable {
    private let files: [ValidationFile]

    package init(_ files: [ValidationFile]) { self.files = files }

    package func text(width: Int = .max) -> String {
        var tables = [scores.text(width: width)]
        if files.contains(where: { !$0.groups.isEmpty }) { tables.append(groups.text(width: width)) }
        return tables.joined(separator: "\n\n")
    }

    private var scores: TextTable {
        let places = files.first?.planted?.precision.map(\.k) ?? []
        var header = ["estimator", "LDS", "±", "queries"]
        if !places.isEmpty { header += places.map { "precision at \($0)" } + ["AUROC"] }
        header += ["s per 1000", "peak GiB"]
        return TextTable(
            header: header,
            rows: files.map { file in
                var row = [file.estimator.name]
                row += [file.datamodels?.mean, file.datamodels?.error].map { $0.map { number($0, 3) } ?? "" }
                row.append(file.datamodels.map { String($0.queries.count { $0 != nil }) } ?? "")
                if !places.isEmpty {
                    row += places.map { k in
                        file.planted?.precision.first { $0.k == k }.map { number(100 * $0.value, 1) + " %" } ?? ""
                    }
                    row.append(file.planted.map { number($0.auroc, 3) } ?? "")
                }
                row.append(number(file.secondsPerThousand, 2))
                row.append(file.peakMemory.map { number(Double($0) / Double(1 << 30), 2) } ?? "")
                return row
            }, numeric: Set(1..<header.count))
    }

    /// A column for each estimator.
    private var groups: TextTable {
        let all = files.flatMap(\.groups).map { [$0.choice.rawValue, String($0.size)] }
        var seen: Set<[String]> = []
        let rows = all.filter { seen.insert($0).inserted }
        return TextTable(
            header: ["left out", "examples"] + files.map { "\($0.estimator.name): Δ log p" },
            rows: rows.map { key in
                key
                    + files.map { file in
                        file.groups.first { [$0.choice.rawValue, String($0.size)] == key }.map { number($0.change, 3) }
                            ?? ""
                    }
            }, numeric: Set(1..<files.count + 2))
    }

    private func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
}

extension RunFolder {
    package var validation: URL { url.appending(path: "validation.json") }
}
