// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What `suture influence` answers in the terminal: the strongest examples overall, and how well planted ones were found.
package struct InfluenceSummary {
    private let file: InfluenceFile
    private let folder: RunFolder
    private let width: Int

    /// - Parameter width: of the terminal, in columns.
    package init(file: InfluenceFile, folder: RunFolder, width: Int = .max) {
        (self.file, self.folder, self.width) = (file, folder, width)
    }

    package var text: String {
        [
            Self.table(of: file.overall).text(width: width), TextTable(facts: Self.facts(of: file)).text(width: width),
            "\(file.estimator.name): \(folder.url.path)",
        ].joined(separator: "\n\n")
    }

    static func facts(of file: InfluenceFile) -> [(String, String)] {
        var facts = [
            ("estimator", file.estimator.name), ("training examples", String(file.training.count)),
            ("queries", String(file.queries.count { !$0.isWanted })),
        ]
        let wanted = file.queries.count(where: \.isWanted)
        if wanted > 0 { facts.append(("wanted texts", String(wanted))) }
        if let count = file.training.traced { facts.append(("examples traced", String(count))) }
        if let count = file.zeroCount, count > 0 { facts.append(("examples without influence", String(count))) }
        if let planted = file.planted {
            facts.append(("planted examples", "\(planted.count) of \(planted.total)"))
            for one in planted.precision {
                facts.append(("precision at \(one.k)", String(format: "%.1f %%", one.value * 100)))
            }
            facts.append(("AUROC", String(format: "%.3f", planted.auroc)))
        }
        for (phase, seconds) in file.seconds.sorted(by: { $0.key < $1.key }) where seconds >= 0.05 {
            facts.append(("seconds, \(phase)", String(format: "%.1f", seconds)))
        }
        if let memory = file.peakMemory {
            facts.append(("peak memory", String(format: "%.2f GiB", Double(memory) / Double(1 << 30))))
        }
        return facts
    }

    /// What a shard answers.
    package static func text(of shard: InfluenceShard, _ folder: RunFolder, width: Int) -> String {
        let facts = [
            ("shard", shard.shard.description), ("estimator", shard.estimator.name),
            ("training examples", "\(shard.examples.count) of \(shard.total)"), ("queries", String(shard.queries)),
            ("peak memory", Figures.size(shard.peakMemory)),
        ]
        return "\(TextTable(facts: facts).text(width: width))\n\n\(folder.url.path)"
    }

    /// What a shared fit answers.
    package static func text(of fit: InfluenceFit, width: Int) -> String {
        guard let stage = fit.stage else { return "\(fit.estimator) is fitted" }
        let missing = fit.missing.prefix(8).map(\.description).joined(separator: ", ")
        return
            "\(stage) of \(fit.estimator) waits for the shard\(fit.missing.count == 1 ? "" : "s") \(missing)"
            + (fit.missing.count > 8 ? ", …" : "") + "; when they are there, start this command again"
    }

    /// Both ends of a ranking beside each other.
    static func table(of ends: InfluenceFile.Ends) -> TextTable {
        let rows = max(ends.promoting.count, ends.counteracting.count)
        func cells(_ listed: [InfluenceFile.Listed], _ row: Int) -> [String] {
            listed.indices.contains(row) ? [String(listed[row].line), Figures.text(listed[row].influence)] : ["", ""]
        }
        return TextTable(
            header: ["rank", "promoting: line", "influence", "counteracting: line", "influence"],
            rows: (0..<rows).map { [String($0 + 1)] + cells(ends.promoting, $0) + cells(ends.counteracting, $0) },
            numeric: [0, 1, 2, 3, 4])
    }
}
