// SPDX-License-Identifier: Apache-2.0

/// Lines of comma-separated values (RFC 4180), for programs and for spreadsheets.
package enum CSV {
    package static func line(_ cells: [String]) -> String { cells.map(cell).joined(separator: ",") + "\n" }

    /// A cell that means itself. Works scalar by scalar: a quote that carries a combining mark is one Character with it, and still
    /// ends the cell. Control characters are shown as signs. A text that a spreadsheet would compute gets an apostrophe in front, as
    /// spreadsheets write such texts; the exact text is in the JSON beside the table.
    static func cell(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        let scalars = DisplayText.visible(text, keepsLines: true).unicodeScalars
        if isFormula(scalars) { out.append("'") }
        for scalar in scalars {
            if scalar == "\"" { out.append("\"") }
            out.append(scalar)
        }
        let needsQuotes = out.contains { ",\"\n\r".unicodeScalars.contains($0) }
        return needsQuotes ? "\"\(String(out))\"" : String(out)
    }

    /// One sign alone is no formula, and a number is none.
    private static func isFormula(_ text: String.UnicodeScalarView) -> Bool {
        guard let first = text.first, text.count > 1 else { return false }
        return "=+-@\t".unicodeScalars.contains(first) && Double(String(text)) == nil
    }
}
