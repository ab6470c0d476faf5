// SPDX-License-Identifier: Apache-2.0

/// Rows of texts under a header, for terminals and for markdown.
package struct TextTable: Sendable {
    /// Names of the columns; empty for a list of facts, which has neither header nor rule and is never cut.
    package var header: [String]
    package var rows: [[String]]
    /// Columns that hold numbers are aligned to the right.
    package var numeric: Set<Int>

    /// Columns of a terminal below which no cell is cut.
    private static let leastWidth = 12

    package init(header: [String], rows: [[String]] = [], numeric: Set<Int> = []) {
        self.header = header
        self.rows = rows
        self.numeric = numeric
    }

    /// Names and values below each other.
    package init(facts: [(String, String)]) {
        self.init(header: [], rows: facts.map { [$0.0, $0.1] })
    }

    /// The table for a terminal, without a line feed at the end. Columns are padded by what a terminal shows, control
    /// characters are made visible, and the widest cells are cut so that a row fits.
    ///
    /// - Parameter width: of the terminal, in columns.
    package func text(width: Int = .max) -> String {
        let header = header.map { DisplayText.visible($0) }
        let rows = rows.map { $0.map { DisplayText.visible($0) } }
        let all = header.isEmpty ? rows : [header] + rows
        var widths = (all.first ?? []).indices.map { column in all.map { DisplayText.width($0[column]) }.max() ?? 0 }
        while !header.isEmpty, widths.reduce(0, +) + 2 * (widths.count - 1) > width,
            let widest = widths.indices.max(by: { widths[$0] < widths[$1] }), widths[widest] > TextTable.leastWidth
        {
            widths[widest] -= 1
        }
        func line(_ cells: [String]) -> String {
            let padded = cells.enumerated().map { column, cell -> String in
                let isCut = DisplayText.width(cell) > widths[column]
                let text = isCut ? DisplayText.prefix(cell, columns: widths[column] - 1) + "…" : cell
                let space = String(repeating: " ", count: widths[column] - DisplayText.width(text))
                return numeric.contains(column) ? space + text : text + space
            }
            // By scalars: to go back by characters, some texts must be read from their beginning again and again.
            let scalars = padded.joined(separator: "  ").unicodeScalars
            let end = scalars.lastIndex { $0 != " " }.map(scalars.index(after:)) ?? scalars.startIndex
            return String(scalars[..<end])
        }
        guard !header.isEmpty else { return rows.map(line).joined(separator: "\n") }
        let rule = widths.map { String(repeating: "─", count: $0) }.joined(separator: "  ")
        return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
    }

    /// The table for Markdown, with a line feed at the end.
    ///
    /// - Parameter isBest: which cells are bold, by row and column.
    package func markdown(isBest: (Int, Int) -> Bool = { _, _ in false }) -> String {
        func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
        let rule = header.indices.map { numeric.contains($0) ? "---:" : "---" }
        let body = rows.enumerated().map { row, cells in
            line(
                cells.enumerated().map { column, cell in
                    isBest(row, column) ? "**\(Markdown.escaped(cell))**" : Markdown.escaped(cell)
                })
        }
        return line(header.map(Markdown.escaped)) + line(rule) + body.joined()
    }
}
