// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SutureRuntime

@Suite("Text for terminals")
struct TextTableTests {
    @Test(
        "A text is as wide as a terminal shows it",
        arguments: [
            ("", 0), ("abc", 3), ("‖Δ‖", 3), ("é", 1), ("e\u{301}", 1), ("東京", 4), ("한국", 4),
            ("\u{1112}\u{1161}\u{11AB}", 2), ("ｱ", 1), ("Ａ", 2), ("👍🏽", 2), ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("☀\u{FE0F}", 2),
            ("नि", 2), ("a\u{200B}b", 2), ("…", 1),
        ])
    func width(text: String, columns: Int) {
        #expect(DisplayText.width(text) == columns)
    }

    @Test("A text is cut between characters, never in the middle of a wide one")
    func prefix() {
        #expect(DisplayText.prefix("東京都", columns: 5) == "東京")
        #expect(DisplayText.prefix("e\u{301}e\u{301}", columns: 1) == "e\u{301}")
        #expect(DisplayText.prefix("ab", columns: 9) == "ab")
    }

    @Test(
        "Control characters are shown as signs, and nothing else is changed",
        arguments: [
            ("\u{1B}[31mred", "␛[31mred"), ("a\nb\tc\r", "a␊b␉c␍"), ("\u{7F}\u{9B}", "␡<U+009B>"),
            ("a\u{202E}b", "a<U+202E>b"), ("👩‍👧 naïve", "👩‍👧 naïve"), ("می‌خواهم", "می‌خواهم"),
        ])
    func controls(text: String, shown: String) {
        #expect(DisplayText.visible(text) == shown)
    }

    @Test("Lines and tabs stay where whole texts are printed")
    func lines() {
        #expect(DisplayText.visible("a\n\tb\u{7}", keepsLines: true) == "a\n\tb␇")
    }

    @Test("Columns are aligned by what a terminal shows, numbers to the right")
    func columns() {
        let table = TextTable(
            header: ["city", "n", "note"], rows: [["東京", "7", "a\u{1B}b"], ["Orle\u{301}ans", "12", ""]], numeric: [1])
        #expect(
            table.text() == """
                city      n  note
                ───────  ──  ────
                東京      7  a␛b
                Orle\u{301}ans  12
                """)
    }

    @Test("The widest column gives way where the terminal is narrow, down to twelve columns")
    func narrow() {
        let table = TextTable(header: ["a", "b"], rows: [["short", "一二三四五六七八九十"]])
        #expect(
            table.text(width: 22).split(separator: "\n") == [
                "a      b", "─────  ───────────────", "short  一二三四五六七…",
            ])
        #expect(table.text(width: 5).split(separator: "\n")[1] == "─────  ────────────")
    }

    @Test("A list of facts has no header and is not cut")
    func facts() {
        let table = TextTable(facts: [("run", "quickstart-0123abcd"), ("cases", "10")])
        #expect(table.text(width: 10) == "run    quickstart-0123abcd\ncases  10")
    }

    @Test("In markdown, a bar inside a cell does not end the cell")
    func markdown() {
        let table = TextTable(header: ["run", "n"], rows: [["a|b", "1"], ["c\nd", "2"]], numeric: [1])
        #expect(table.markdown() == "| run | n |\n| --- | ---: |\n| a\\|b | 1 |\n| c␊d | 2 |\n")
    }
}
