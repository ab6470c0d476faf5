// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// What `suture influence` leaves beside the scores: the rankings as JSON, as JSON lines and as a page.
struct InfluenceReport {
    let title: String
    let file: InfluenceFile

    /// Queries on the page. Beyond it the page refers to the files.
    private static let mostQueries = 50

    func write(to folder: RunFolder) throws {
        try RunFolder.write(file, to: folder.influence)
        try RunFolder.write(lines(), to: folder.influenceLines)
        try RunFolder.write(Data(html.utf8), to: folder.report)
    }

    // MARK: JSON lines

    private struct Line: Encodable {
        var query: String
        var isWanted: Bool
        var end: String
        var rank: Int
        var line: Int
        var influence: Double
    }

    private func lines() throws -> Data {
        var data = Data()
        for query in file.queries {
            for (end, listed) in [("promoting", query.ends.promoting), ("counteracting", query.ends.counteracting)] {
                for (place, one) in listed.enumerated() {
                    data += try RunFolder.line(
                        Line(
                            query: query.id, isWanted: query.isWanted, end: end, rank: place + 1, line: one.line,
                            influence: one.influence))
                }
            }
        }
        return data
    }

    // MARK: The page

    var html: String {
        get throws(RuntimeError) {
            var sections = [facts, overall]
            for query in file.queries.prefix(Self.mostQueries) { sections.append(section(query)) }
            if file.queries.count > Self.mostQueries {
                sections.append(
                    Page.Section(notes: ["\(file.queries.count - Self.mostQueries) more queries are in influence.json."]
                    ))
            }
            return try Page(title: title, sections: sections).html
        }
    }

    private var facts: Page.Section {
        Page.Section(
            table: Page.Table(
                TextTable(header: ["", ""], rows: InfluenceSummary.facts(of: file).map { [$0.0, $0.1] })),
            notes: [
                "Influence is how much likelier training on an example makes the query: above 0 it promotes it, below 0 it "
                    + "counteracts. Overall, each query counts by its influence over its root mean square"
                    + (file.queries.contains(where: \.isWanted) ? ", and wanted texts count the other way." : ".")
            ]
                + (file.queries.contains { $0.ends.all.contains { $0.texts != nil } }
                    ? [] : ["Texts of training examples are shown where the experiment says influence.text: true."]))
    }

    private var overall: Page.Section {
        Page.Section(
            heading: "The strongest examples for all queries together",
            table: Page.Table(InfluenceSummary.table(of: file.overall)))
    }

    private func section(_ query: InfluenceFile.Query) -> Page.Section {
        var section = Page.Section(heading: query.isWanted ? "Wanted text \(query.id)" : "Query \(query.id)")
        let hasTexts = query.ends.all.contains { $0.texts != nil }
        if !hasTexts {
            section.notes = [query.prompt + query.text]
            section.table = Page.Table(InfluenceSummary.table(of: query.ends))
        }
        section.pairs = query.ends.all.compactMap { one in
            one.texts.map { texts in
                Page.Pair(
                    caption: "line \(one.line), influence \(Figures.text(one.influence))",
                    left: Self.passage("the query", texts.queryTokens, texts.queryWeights),
                    right: Self.passage("line \(one.line) of the training file", texts.tokens, texts.weights))
            }
        }
        return section
    }

    private static func passage(_ name: String, _ tokens: [String], _ weights: [Double]) -> Page.Passage {
        let limit = weights.map(abs).max() ?? 0
        return Page.Passage(
            name: name,
            tokens: tokens.enumerated().map { place, token in
                let weight = weights.indices.contains(place) ? weights[place] : 0
                return Page.Token(
                    text: token, color: ColorScale.color(weight, limit: limit),
                    label: weights.isEmpty ? "" : Figures.text(weight))
            })
    }
}
