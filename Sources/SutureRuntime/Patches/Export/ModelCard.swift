// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The card of an edited model, as the Hugging Face hub reads it: front matter in YAML, and what was edited.
///
/// Source: huggingface.co/docs/hub/model-cards. Of the relations that the hub knows (adapter, merge, quantized, finetune), an edit is
/// a finetune: all weights are there, and some have other numbers.
struct ModelCard {
    static let fileName = "README.md"
    /// Where the base model's own card is kept, byte for byte.
    static let baseName = "README.base.md"
    /// What tells our cards from others.
    private static let mark = "<!-- Written by `suture patch export --model`. -->"
    private static let largestFile = 1 << 24
    /// What is listed of a long list.
    private static let listed = 20

    /// What the model is called in the heading.
    let title: String
    /// The base model's name on the hub; nil: nobody said.
    let baseModel: String?
    let revision: String?
    /// The front matter of its card.
    let baseMatter: CardMatter
    let members: [(member: PatchStack.Member, records: PatchRecords)]
    let report: PatchApplication.Report

    /// True where a folder's card is one of ours.
    static func isCard(_ folder: URL) -> Bool {
        let path = folder.appending(path: fileName).path
        guard let data = try? SmallFile.contents(atPath: path, limit: largestFile) else { return false }
        return String(decoding: data, as: UTF8.self).contains(mark)
    }

    /// The whole text.
    var text: String {
        "---\n\(matter.yaml)---\n\(Self.mark)\n\n# \(Markdown.escaped(title))\n\n\(introduction)\n"
            + members.map { section($0.member, $0.records) }.joined() + changes + warnings + handling
    }

    private var matter: CardMatter {
        var members: [(String, ConfigValue)] = []
        if let baseModel { members += [("base_model", .text(baseModel)), ("base_model_relation", .text("finetune"))] }
        members += [("library_name", .text("transformers"))]
        return CardMatter(
            members: members + baseMatter.members + [("tags", .texts(["model-editing", "suture"]))])
    }

    private var introduction: String {
        let base = baseModel.map { "[\(Markdown.escaped($0))](https://huggingface.co/\($0))" } ?? "a model"
        let at = revision.map { ", revision `\(Markdown.escaped($0))`," } ?? ""
        let count = members.count == 1 ? "one patch" : "\(members.count) patches"
        return """
            This is \(base)\(at) with \(count) of Suture: some of its weights were edited after training. All other weights and \
            files are those of the base model, byte for byte.\(hasBaseCard ? " Its own card is [\(Self.baseName)](\(Self.baseName))." : "")
            """
    }

    private var hasBaseCard: Bool { baseMatter.isThere }

    private func section(_ member: PatchStack.Member, _ records: PatchRecords) -> String {
        let manifest = member.patch.manifest
        // Where the model was on the machine of the run is nobody's business.
        var facts = manifest.facts.filter { $0.0 != "model" }
        if let origin = manifest.origin {
            facts += [
                ("plugin's SHA-256", origin.pluginDigest), ("configuration's SHA-256", origin.configurationDigest),
            ]
        }
        facts += [
            ("patch's SHA-256", manifest.identity), ("weights", "\(manifest.changes.count) changed"),
            ("cases", String(records.cases.count)),
        ]
        return "\n## Patch \(Markdown.escaped(member.name))\n\n"
            + TextTable(header: ["", ""], rows: facts.map { [$0.0, $0.1] }).markdown() + cases(records.cases)
            + figures(records.figures)
    }

    private func cases(_ cases: [EditCase]) -> String {
        let rows = cases.filter { !$0.targetNew.isEmpty || !$0.answer.isEmpty }.prefix(Self.listed).map { one in
            [one.filledPrompt, one.targetNew.isEmpty ? one.answer : one.targetNew, one.targetTrue]
        }
        guard !rows.isEmpty else { return "" }
        let more = cases.count > rows.count ? "\n\(cases.count - rows.count) more are in its `cases.jsonl`.\n" : ""
        return "\nWhat it is to say:\n\n"
            + TextTable(header: ["after", "the model is to say", "in place of"], rows: Array(rows)).markdown()
            + more
    }

    private func figures(_ figures: [StagedMetric]) -> String {
        let rows = StageRow.rows(of: figures)
        guard !rows.isEmpty else { return "" }
        return "\nWhat its run measured, of this patch by itself:\n\n"
            + TextTable(
                header: ["figure", "unit", "protocol", "before", "after"],
                rows: rows.map { row in
                    [row.name, row.unit, row.protocol] + [row.before, row.after].map { $0.map(Figures.text) ?? "–" }
                }, numeric: [3, 4]
            ).markdown()
    }

    private var changes: String {
        let rows = report.parameters.prefix(Self.listed).map { one in
            [
                one.parameter, one.dtype, Figures.text(one.norm), "\(Figures.text(one.changedShare * 100)) %",
                "\(Figures.text(one.loss * 100)) %",
            ]
        }
        let more = report.parameters.count - rows.count
        return "\n## What changed in the weights\n\n"
            + TextTable(
                header: ["weight", "type", "‖Δ‖", "numbers that changed", "lost by rounding"], rows: Array(rows),
                numeric: [2, 3, 4]
            ).markdown()
            + (more > 0 ? "\n\(more) more are in `\(PatchPlaces.folderName)/\(StackRecord.fileName)`.\n" : "")
    }

    private var warnings: String {
        let worse = members.flatMap { member, records in
            StageRow.rows(of: records.figures).filter(\.isWorse).map { row in
                "Side effect of '\(member.name)': \(row.name) went from \(row.before.map(Figures.text) ?? "") to "
                    + "\(row.after.map(Figures.text) ?? "") \(row.unit)"
            }
        }
        let lines = report.warnings + worse
        return "\n## Warnings\n\n"
            + (lines.isEmpty
                ? "None. Figures of a run speak for the prompts that it asked.\n"
                : lines.map { "- \(Markdown.escaped($0))\n" }.joined())
    }

    private var handling: String {
        let revert = members.map { "suture patch revert FOLDER \($0.member.name) --output WITHOUT" }
        return """

            ## Verify and revert

            `\(PatchPlaces.folderName)` holds the patches, the original numbers of every weight that they change, and a log.

            ```
            suture patch verify FOLDER
            \(revert.joined(separator: "\n"))
            ```

            `verify` checks that the weights are the originals plus the changes of the patches, bit for bit. Without any patch, the \
            files of weights are those of the base model, byte for byte.

            """
    }
}

/// A figure before and after an edit.
private struct StageRow {
    var name: String
    var unit: String
    var `protocol`: String
    var direction: Metric.Direction
    var before: Double?
    var after: Double?

    var isWorse: Bool {
        guard let before, let after else { return false }
        switch direction {
        case .higherIsBetter: return after < before
        case .lowerIsBetter: return after > before
        case .none: return false
        }
    }

    static func rows(of figures: [StagedMetric]) -> [StageRow] {
        var rows: [StageRow] = []
        for figure in figures where figure.stage == "before" || figure.stage == "after" {
            let place =
                rows.firstIndex { $0.name == figure.key && $0.protocol == figure.metric.protocol } ?? rows.count
            if place == rows.count {
                rows.append(
                    StageRow(
                        name: figure.key, unit: figure.unit, protocol: figure.metric.protocol,
                        direction: figure.direction))
            }
            if figure.stage == "before" { rows[place].before = figure.value } else { rows[place].after = figure.value }
        }
        return rows
    }
}
