// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// What `suture locate` writes beside locations.json: the same as a page and as a table.
package struct LocateReport {
    private let title: String
    private let file: LocationsFile
    private let skipped: [SkippedCase]

    package init(title: String, file: LocationsFile, skipped: [SkippedCase] = []) {
        self.title = title
        self.file = file
        self.skipped = skipped
    }

    /// The page.
    package var html: String {
        get throws(RuntimeError) {
            let settings = file.locator.parameters.sorted { $0.key < $1.key }.map { name, value in
                [name, (try? JSON.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""]
            }
            let section = Page.Section(
                heading: "Settings of \(file.locator.name)",
                table: Page.Table(TextTable(header: ["setting", "value"], rows: settings)))
            let left = SkippedCase.section(skipped, of: file.cases.count + skipped.count)
            return try Page(
                title: title, sections: LocationPictures(file).sections + [left, section].compactMap { $0 }
            ).html
        }
    }

    /// Every location as a line of comma-separated values, under a header.
    package var csv: String {
        let prompts = Dictionary(file.cases.map { ($0.index, $0) }) { first, _ in first }
        var text = "case,site,layer,position,token,role,unit,measure,score,selected\n"
        for one in file.locations {
            let prompt = one.caseIndex.flatMap { prompts[$0] }
            let token = one.position.flatMap { prompt?.tokens.indices.contains($0) == true ? prompt?.tokens[$0] : nil }
            let cells = [
                one.caseIndex.map { prompt?.id ?? String($0) } ?? "", one.site.kind.name,
                one.site.layer.map(String.init) ?? "", one.position.map(String.init) ?? "", token ?? "",
                one.role == .none ? "" : one.role.name, one.unit.map(String.init) ?? "", one.measure,
                Figures.exact(one.score), String(one.isSelected),
            ]
            text += CSV.line(cells)
        }
        return text
    }
}
