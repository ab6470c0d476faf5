// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import Testing

@testable import SutureRuntime

/// Sentences quote what other people's files hold.
@Suite("Sentences on one clean line")
struct SentenceTests {
    @Test(
        "Control characters become signs, and blanks at the ends go",
        arguments: [
            ("plain", "plain"), ("a\nb\tc", "a␊b␉c"), ("  a\r\n", "a"), ("\u{1B}[31mred", "␛[31mred"),
            ("a\u{202E}b", "a<U+202E>b"), (" \n ", ""), ("", ""),
        ])
    func signs(_ text: String, _ expected: String) { #expect(DisplayText.sentence(text) == expected) }

    @Test("A long text keeps its beginning and its end, also where signs make it longer")
    func length() {
        let text = "begin " + String(repeating: "x", count: 100_000) + " end"
        let short = DisplayText.sentence(text, longest: 100)
        #expect(short.unicodeScalars.count == 100)
        #expect(short.hasPrefix("begin xxx") && short.hasSuffix("xxx end"))
        let marks = DisplayText.sentence("a" + String(repeating: "\u{202E}", count: 5000) + "b")
        #expect(marks.unicodeScalars.count == DisplayText.longestSentence)
        #expect(marks.hasPrefix("a<U+202E>") && marks.hasSuffix("<U+202E>b"))
    }

    @Test("A megabyte of control characters is shown in the time of its length", .endsWhatHangs)
    func cost() {
        let text = String(repeating: "\u{202E}<", count: 1 << 18)
        #expect(DisplayText.visible(text).unicodeScalars.count == 9 << 18)
        #expect(DisplayText.escapedInJSON(text).unicodeScalars.count == 7 << 18)
        #expect(HTML.escaped(text).unicodeScalars.count == 18 << 18)
        #expect(Markdown.escaped(text).unicodeScalars.count == 18 << 18)
    }

    @Test("An error of any module is one clean line, whatever it quotes")
    func errors() {
        let odd = "a\n\u{1B}[2J" + String(repeating: "long ", count: 2000)
        let errors: [any Error] = [
            RuntimeError(.file, odd, hint: odd), ModelError(.unreadable, odd, hint: odd),
            SutureError(.unknown, odd, hint: odd), CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: odd]),
        ]
        for error in errors {
            let text = RuntimeError(error).description
            #expect(text.unicodeScalars.count <= DisplayText.longestSentence)
            #expect(!text.unicodeScalars.contains(where: DisplayText.isControl))
        }
    }
}
