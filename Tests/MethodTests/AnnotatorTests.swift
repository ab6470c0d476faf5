// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import Annotators

@Suite("Annotators")
struct AnnotatorTests {
    private let session: TestSession
    private let scratch: ScratchFolder

    init() throws {
        session = try TestSession(TinyModel.load())
        scratch = try ScratchFolder()
    }

    /// What an annotator marks in a text, as texts.
    private func marked(_ annotator: some Annotator, _ text: String, after prompt: String = "") throws -> [String] {
        try annotator.validate()
        let texts = [MarkedText(prompt: prompt, text: text)]
        return try annotator.annotate(texts, in: session.session)[0].map { range in
            String(decoding: Array(text.utf8)[range], as: UTF8.self)
        }
    }

    private func file(_ text: String) throws -> FilePath {
        let url = scratch.url.appending(path: UUID().uuidString)
        try Data(text.utf8).write(to: url)
        return FilePath(url.path)
    }

    // MARK: Frequencies

    @Test("Words are marked by how often a text has them, in all or per million")
    func frequencies() throws {
        let corpus = try file("The sea, the sea and the sky\nA sea of Äpfel\n")
        func marks(_ set: (CorpusFrequency) -> Void) throws -> [String] {
            let annotator = CorpusFrequency()
            annotator.path = corpus
            set(annotator)
            return try marked(annotator, "the SEA sings of äpfel and Rome")
        }
        #expect(try marks { $0.ceiling = 0 } == ["sings", "Rome"])
        #expect(try marks { $0.floor = 3 } == ["the", "SEA"])
        #expect(try marks { ($0.floor, $0.ceiling) = (1, 1) } == ["of", "äpfel", "and"])
        #expect(try marks { ($0.ceiling, $0.isCaseSensitive) = (0, true) } == ["SEA", "sings", "äpfel", "Rome"])
        // Eleven words: three times is 272,727 per million.
        #expect(try marks { ($0.floor, $0.isRate) = (272_000, true) } == ["the", "SEA"])
        #expect(try marks { ($0.floor, $0.isRate) = (273_000, true) } == [])
        #expect(throws: SutureError.self) { try marks { _ in } }
        let empty = CorpusFrequency()
        empty.path = try file(" .\n")
        empty.ceiling = 0
        #expect(throws: SutureError.self) { try empty.validate() }
    }

    // MARK: Word lists

    private func list(_ words: String..., isCaseSensitive: Bool = false) -> WordList {
        let list = WordList()
        list.words = words
        list.isCaseSensitive = isCaseSensitive
        return list
    }

    @Test(
        "A word list marks whole words wherever they stand",
        arguments: [
            ("Rome, Rome; romeo and (Rome)", ["Rome", "Rome", "Rome"]), (" ROME.", ["ROME"]), ("Romes", []),
            ("aRome", []), ("Rome2", []), ("_Rome_", ["Rome"]), ("", []), ("röme Röme", []),
        ])
    func wholeWords(text: String, expected: [String]) throws {
        #expect(try marked(list("rome"), text) == expected)
    }

    @Test("Letters of every script make words, and marks are bytes")
    func unicode() throws {
        #expect(try marked(list("ärger", "москва"), "Ärger, ärgerlich, in МОСКВА") == ["Ärger", "МОСКВА"])
        let texts = [MarkedText(text: "é€ Rome 😀 Rome")]
        let marks = try list("Rome").annotate(texts, in: session.session)
        #expect(marks == [[6..<10, 16..<20]])
        // A capital that becomes two scalars in small letters keeps its bytes.
        #expect(try marked(list("i̇stanbul"), "in İstanbul now") == ["İstanbul"])
        // A combining mark belongs to the word.
        #expect(try marked(list("Rome"), "Rome\u{0301}").isEmpty)
    }

    @Test("The longest entry counts, phrases and signs are entries, and marks do not overlap")
    func phrases() throws {
        let words = list("new", "New York", "York City", "don't", "#$!", "C++")
        #expect(try marked(words, "New York City is new") == ["New York", "new"])
        #expect(try marked(words, "I don't like #$! or c++.") == ["don't", "#$!", "c++"])
    }

    @Test("Capitals count where they are asked to")
    func sensitiveCase() throws {
        #expect(try marked(list("Rome", isCaseSensitive: true), "rome Rome ROME") == ["Rome"])
    }

    @Test("A word that began in the prompt is not a word of the text")
    func continuedWord() throws {
        #expect(try marked(list("me"), "me and me", after: "Ro") == ["me"])
        #expect(try marked(list("me"), "me and me", after: "Ro ") == ["me", "me"])
    }

    @Test("A list may come from a file, and an empty one is refused")
    func listFile() throws {
        let words = WordList()
        #expect(throws: SutureError.self) { try words.validate() }
        words.path = try file("Rome\r\n\nParis\n")
        #expect(try marked(words, "Paris or Rome or Bern") == ["Paris", "Rome"])
        words.path = FilePath(scratch.url.appending(path: "none").path)
        #expect(throws: SutureError.self) { try marked(words, "Paris") }
        #expect(throws: SutureError.self) { try marked(list("a", ""), "Paris") }
    }

    // MARK: Patterns

    private func pattern(_ text: String, group: Int = 0, isCaseSensitive: Bool = true) -> Pattern {
        let pattern = Pattern()
        pattern.pattern = text
        pattern.group = group
        pattern.isCaseSensitive = isCaseSensitive
        return pattern
    }

    @Test("A pattern marks its matches, or one of its groups")
    func patterns() throws {
        #expect(try marked(pattern(#"\b[A-Z]\w+"#), "é Rome and Bern") == ["Rome", "Bern"])
        #expect(try marked(pattern(#"in (\w+)"#, group: 1), "in Rome, in Bern") == ["Rome", "Bern"])
        #expect(try marked(pattern("rome", isCaseSensitive: false), "ROME rome") == ["ROME", "rome"])
        #expect(try marked(pattern(#"\d{4}"#), "in 1989 and 19") == ["1989"])
        #expect(try marked(pattern("in( Rome)?", group: 1), "in Bern").isEmpty)
    }

    @Test("A pattern that cannot be read, has no such group, or matches nothing at all is a sentence")
    func badPatterns() throws {
        for text in ["(", "[a", "a*", "x{2,1}"] {
            let error = #expect(throws: SutureError.self) { try pattern(text).validate() }
            #expect(error?.message.contains("the pattern \"\(text)\"") == true)
        }
        #expect(throws: SutureError.self) { try marked(pattern("a", group: 1), "a") }
    }

    // MARK: Functions

    @Test("A function of the C library can say which words are unwanted")
    func nativeFunction() throws {
        try TestHost.install()
        let function = NativeFunction()
        function.library = "libc.so.6"
        function.symbol = "atoi"
        function.signature = "i32(str)"
        #expect(try marked(function, "in 1989 or 0 or two, 1989") == ["1989", "1989"])
        function.symbol = "atof"
        function.signature = "f64(str)"
        #expect(try marked(function, "7 of 0") == ["7"])
        function.symbol = "there_is_no_such_function"
        #expect(throws: SutureError.self) { try marked(function, "7") }
    }

    // MARK: Files of marks

    @Test("Marks come from a file, by prompt and text or by the text alone")
    func marksFile() throws {
        let marks = MarksFile()
        marks.path = try file(
            """
            {"text": " Rome", "marks": [[1, 5]]}
            {"prompt": "not", "text": " Rome", "marks": []}
            {"text": "é Rome é", "marks": [[8, 10], [0, 2]]}
            """)
        #expect(try marked(marks, " Rome", after: "in") == ["Rome"])
        #expect(try marked(marks, " Rome", after: "not").isEmpty)
        #expect(try marked(marks, "é Rome é") == ["é", "é"])
        let error = #expect(throws: SutureError.self) { try marked(marks, "Bern") }
        #expect(error?.message.contains("Bern") == true)
        marks.missing = .unmarked
        #expect(try marked(marks, "Bern").isEmpty)
    }

    @Test(
        "A line that is no text with marks is named by its number",
        arguments: [
            "{", "[]", #"{"text": "a"}"#, #"{"text": "é", "marks": [[0, 3]]}"#, #"{"text": "a", "marks": [[1, 1]]}"#,
            #"{"text": "abc", "marks": [[0, 2], [1, 3]]}"#, #"{"text": "a b", "marks": [[0]]}"#,
            #"{"text": "same", "marks": []}"#,
        ])
    func brokenMarks(line: String) throws {
        let marks = MarksFile()
        marks.path = try file("{\"text\": \"same\", \"marks\": []}\n\n\(line)\n")
        let error = #expect(throws: SutureError.self) { try marked(marks, "same") }
        #expect(error?.message.contains("line 3 of") == true)
    }
}
