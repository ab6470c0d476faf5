// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import Testing

@testable import SutureRuntime

@Suite("Maps of locations")
struct LocationMapTests {
    private func file(_ locations: [Location]) -> LocationsFile {
        LocationsFile(
            locator: .init(name: "l"),
            cases: [
                .init(index: 0, id: "a", tokens: ["The", " Lyon", "\n"], subject: [1]),
                .init(index: 1, id: "b", tokens: ["The", " <b>", " is"], subject: [1]),
            ], locations: locations)
    }

    @Test("A map of a case has the words of its prompt as rows and marks subject and selection")
    func words() {
        let map = LocationMap.all(
            of: file(
                (0..<3).flatMap { position in
                    [2, 4].map {
                        Location(
                            .mlpOutput($0), caseIndex: 0, position: position, score: Double(position * $0),
                            isSelected: position == 1 && $0 == 4)
                    }
                })
        )[0]
        #expect(map.title == "case a, mlp_output" && map.layers == [2, 4])
        #expect(map.rows.map(\.name) == ["The", "Lyon", "⏎"])
        #expect(map.rows.map(\.isSubject) == [false, true, false])
        #expect(map.rows[1].isSelected == [false, true])
        #expect(map.rows[2].scores == [4, 8])
    }

    @Test("Cases with roles have a mean over them, which comes first; measures stay apart")
    func means() {
        let maps = LocationMap.all(
            of: file(
                [0, 1].flatMap { index in
                    ["p", "q"].map {
                        Location(
                            .residualOut(0), caseIndex: index, position: 1, role: .subjectLast, measure: $0,
                            score: Double(index), isSelected: false)
                    }
                }))
        #expect(
            maps.map(\.title).prefix(2) == ["mean over 2 cases, residual_out, p", "mean over 2 cases, residual_out, q"])
        #expect(maps.count == 6)
        #expect(maps[0].rows.map(\.name) == ["last subject token"] && maps[0].rows[0].scores == [0.5])
    }

    @Test("A locator's own means, however it groups the cases, are the only ones")
    func ownMeans() {
        func cells(_ index: Int?, _ kind: Site.Kind, _ measure: String) -> [Location] {
            (0..<2).map {
                Location(
                    Site(kind, layer: $0), caseIndex: index, position: index.map { _ in 2 }, role: .last,
                    measure: measure, score: Double($0), isSelected: false)
            }
        }
        let maps = LocationMap.all(
            of: file(
                [0, 1].flatMap { cells($0, .mlpOutput, "effect") + cells($0, .residualOut, "effect") }
                    + cells(nil, .mlpOutput, "effect, failures") + cells(nil, .mlpOutput, "effect, passes")
                    + [Location(.residualOut(1), role: .last, score: 1, isSelected: true)]))
        let means = maps.filter { if case .one = $0.source { false } else { true } }
        #expect(
            means.map(\.title) == [
                "all cases, mlp_output, effect, failures", "all cases, mlp_output, effect, passes",
                "mean over 2 cases, residual_out, effect",
            ])
        #expect(maps.count == 7)
    }

    @Test("Heads are rows, and neurons make no map but a line of the selection for each layer")
    func units() {
        let heads = (0..<4).map { Location(.headOutput($0 / 2), unit: $0 % 2, score: 1, isSelected: false) }
        let neurons = (0..<5).map { Location(.neurons(3), unit: $0, score: 1, isSelected: true) }
        let file = file(heads + neurons)
        let maps = LocationMap.all(of: file)
        #expect(maps.count == 1 && maps[0].rows.map(\.name) == ["head 0", "head 1"])
        let selection = LocationSelection(file)
        #expect(selection.lines.map(\.units) == [5] && selection.lines.map(\.layer) == [3])
    }

    @Test("Curves of several words share a chart, ranks have another with a logarithmic axis, and all values are text")
    func curves() throws {
        let file = file(
            (0..<4).flatMap { layer in
                ["probability of Paris", "probability of <i>", "rank of Paris"].map {
                    Location(
                        .residualOut(layer), caseIndex: 1, position: 2, measure: $0,
                        score: $0.hasPrefix("rank") ? pow(10, Double(3 - layer)) : 0.125 * Double(layer),
                        isSelected: false)
                }
            })
        let page = try Page(title: "t", sections: LocationPictures(file).sections).html
        #expect(page.components(separatedBy: "<figure").count == 3)
        #expect(page.components(separatedBy: "<polyline").count == 4)
        #expect(
            page.contains(">1000</text>") && page.contains("probability of &lt;i&gt;, is") && !page.contains("<i>,"))
        #expect(page.contains("<td class=\"number\">0.3750</td>"))
    }

    @Test("Words from strangers are text on the page and one cell of the table")
    func hostile() throws {
        let file = file(
            [0, 1, 2].flatMap { position in
                [0, 1].map {
                    Location(
                        .mlpOutput($0), caseIndex: 1, position: position, measure: "a,\"<script>\n",
                        score: Double($0) - 0.5, isSelected: false)
                }
            })
        let report = LocateReport(title: "<script>", file: file)
        let page = try report.html
        #expect(!page.contains("<script") && !page.contains("<b>") && page.contains("&lt;b&gt;"))
        #expect(report.csv.contains("\"a,\"\"<script>\n\""))
        #expect(page.contains("rgba(217,101,21,1.000)") && page.contains("rgba(110,86,207,1.000)"))
    }
}
