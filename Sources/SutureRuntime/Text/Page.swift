// SPDX-License-Identifier: Apache-2.0

import Mustache

/// An HTML page that needs nothing else: no script, no font, no network. Its properties are the names that the template
/// uses, distinct on every level because mustache looks a missing name up further outside.
struct Page {
    var title: String
    var sections: [Section]

    /// A part of a page under a heading of its own; what is nil or empty is left out.
    struct Section {
        var heading: String?
        var table: Table?
        /// SVG, written as it is; see ``Chart``.
        var figures: [String] = []
        /// Tables of the values of figures.
        var tables: [Details] = []
        var maps: [HeatMap] = []
        /// Two texts beside each other.
        var pairs: [Pair] = []
        var notes: [String] = []
        var links: Links?
    }

    struct Table {
        var head: [Cell]
        var rows: [Row]

        struct Row {
            var cells: [Cell]
        }
    }

    struct Cell {
        var text: String
        /// Classes of the style: "number", "hit".
        var kind = ""
        /// The length of a bar beside the text, in pixels; nil for none.
        var bar: Int?
    }

    /// A table of coloured squares, with its values as a table of texts.
    struct HeatMap {
        var caption: String
        var explanation: String
        /// Names of the columns.
        var columns: [String]
        var lines: [Line]
        /// The limits of the colours, and the colours between them as CSS.
        var low: String
        var high: String
        var gradient: String
        var details: Details

        struct Line {
            var name: String
            /// A class of the style: "subject" or empty.
            var mark: String
            var squares: [Square]
        }

        struct Square {
            /// As CSS.
            var color: String
            /// A class of the style: "chosen" or empty.
            var outline: String
            /// Shown when the pointer rests on it.
            var label: String
        }
    }

    /// Two texts beside each other, with their tokens in colours.
    struct Pair {
        var caption: String
        var left: Passage
        var right: Passage
    }

    struct Passage {
        var name: String
        var tokens: [Token]
    }

    struct Token {
        var text: String
        /// As CSS.
        var color: String
        /// Shown when the pointer rests on it.
        var label: String
    }

    /// A table that a reader unfolds, and that paper shows.
    struct Details {
        var summary: String
        var values: Table
    }

    struct Links {
        var items: [Link]
    }

    struct Link {
        var label: String
        /// Percent-encoded.
        var address: String
        var place: String
    }

    /// The page as text.
    ///
    /// - Throws: `run` where the template is broken, which the tests exclude.
    var html: String {
        get throws(RuntimeError) { try Page.template.get().render(self) }
    }

    private static let template: Result<MustacheTemplate, RuntimeError> = {
        MustacheContentTypes.register(HTML.page, named: HTML.contentType)
        do {
            return .success(try MustacheTemplate(string: PageTemplate.text))
        } catch {
            return .failure(RuntimeError(.run, "the template of pages is broken: \(error)"))
        }
    }()
}

extension Page.Table {
    /// A table with the columns of a ``TextTable``.
    ///
    /// - Parameter isBest: which cells are marked, by row and column.
    init(_ table: TextTable, isBest: (Int, Int) -> Bool = { _, _ in false }) {
        func kind(_ column: Int) -> String { table.numeric.contains(column) ? "number" : "" }
        head = table.header.enumerated().map { Page.Cell(text: $1, kind: kind($0)) }
        rows = table.rows.enumerated().map { row, cells in
            Row(
                cells: cells.enumerated().map { column, text in
                    Page.Cell(text: text, kind: kind(column) + (isBest(row, column) ? " hit" : ""))
                })
        }
    }
}
