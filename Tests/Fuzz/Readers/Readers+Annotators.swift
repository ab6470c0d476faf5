// SPDX-License-Identifier: Apache-2.0

import Annotators
import Evaluators
import Foundation
import SutureKit

extension FuzzReader {
    /// Files and patterns that the bundled components read.
    static let annotators: [FuzzReader] = [
        FuzzReader(
            "marks-file", "texts with marks, one record a line", .lines,
            words: ["prompt", "text", "marks", "[0,4]", "[[0,1],[1,2]]"],
            seeds: {
                ["{\"text\": \"damn it\", \"marks\": [[0, 4]], \"prompt\": \"p\"}\n{\"text\": \"é\", \"marks\": []}\n"]
                    .bytes
            }
        ) { folder in
            let path = folder.path("marks.jsonl")
            return { input in
                try folder.put(input, into: path)
                let file = MarksFile()
                file.path = FilePath(path)
                try file.validate()
                return []
            }
        },
        FuzzReader(
            "word-list", "a list of unwanted words, and what it marks", .text,
            words: ["damn", "damn it", "İ", "ß", "e\u{301}", "transition metals"],
            seeds: { ["damn\ndamn it\nEurope\n"].bytes }
        ) { folder in
            let path = folder.path("words.txt")
            return { input in
                try folder.put(input, into: path)
                let list = WordList()
                list.path = FilePath(path)
                try list.validate()
                let text = String(decoding: input, as: UTF8.self)
                _ = try list.marks(in: [MarkedText(prompt: "dam", text: text + " damn it Europe", marks: [])])
                return []
            }
        },
        FuzzReader(
            "regex", "the user's regular expression, on texts", .text, words: RegexWords.all, largest: 1 << 14,
            seeds: {
                [
                    #"\b(?:damn|hell)\w*\b"#, #"(a+)+$"#, #"(?i)[^\W\d]{2,9}?x|y*"#, #"^(?:(?:a|b)*c){3}$"#,
                    #"\p{Lu}\p{Ll}+(?s:.)\x{1F600}?"#, #"(((a{30}){30}){30})"#,
                ].bytes
            }
        ) { _ in
            let texts = TokenizerSeeds.texts + ["", String(repeating: "ab", count: 2000)]
            return { input in
                let pattern = Pattern()
                pattern.pattern = String(decoding: input, as: UTF8.self)
                try pattern.validate()
                _ = try pattern.marks(in: texts.map { MarkedText(prompt: "", text: $0, marks: []) })
                return []
            }
        },
        FuzzReader(
            "references", "reference texts of an evaluator", .json,
            words: ["Paris", "0"], seeds: { [#"{"Paris":["Paris is a city.","The Seine."],"0":[]}"#].bytes }
        ) { folder in
            let path = folder.path("references.json")
            return { input in
                try folder.put(input, into: path)
                let measure = Consistency()
                measure.references = FilePath(path)
                measure.corpus = FilePath(path)
                try measure.validate()
                return []
            }
        },
    ]
}
