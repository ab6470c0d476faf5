// SPDX-License-Identifier: Apache-2.0

extension SkippedCase {
    /// The largest number of rows in the table. Beyond it the page refers to the file.
    private static let longestTable = 200

    /// A section of a page that lists the cases that were left out; nil where there are none.
    ///
    /// - Parameter total: the cases of the dataset, these included.
    static func section(_ skipped: [SkippedCase], of total: Int) -> Page.Section? {
        guard !skipped.isEmpty else { return nil }
        let shown = skipped.prefix(longestTable)
        let rest = skipped.count > shown.count ? " The first \(shown.count) are below." : ""
        return Page.Section(
            heading: "Skipped cases",
            table: Page.Table(TextTable(header: ["case", "why"], rows: shown.map { [$0.id, $0.reason] })),
            notes: [summary(skipped, of: total) + "." + rest])
    }

    /// "3 of 10 cases are skipped; skipped.jsonl has the list"
    static func summary(_ skipped: [SkippedCase], of total: Int) -> String {
        "\(skipped.count) of \(total) cases \(skipped.count == 1 ? "is" : "are") skipped; \(RunFolder.skippedName) has the list"
    }
}
