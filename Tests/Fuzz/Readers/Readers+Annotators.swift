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
            words: ["Paris", "0"],
            seeds: { [#"{"Paris":["Paris is a city.","The Seine."],"0":[],"1":"Paris"}"#].bytes }
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
        FuzzReader(
            "vocabulary", "the places of terms among the weights of an evaluator", .json,
            words: ["0", "1", "\\u00e9", "\\ud83d"], seeds: { [#"{"the": 0, "caf\u00e9": 1}"#].bytes }
        ) { folder in
            let path = folder.path("vocabulary.json")
            let idf = try folder.write(vector([1.5, 2]), to: "idf.npy").path
            return { input in
                try folder.put(input, into: path)
                try weights(idf: idf, vocabulary: path, in: folder).validate()
                return []
            }
        },
        FuzzReader(
            "idf", "the weights of terms of an evaluator", .binary,
            words: ["<f8", "<f4", "(2,)", "(1000000000000,)", "descr", "shape"], seeds: { [vector([1.5, 2])] }
        ) { folder in
            let path = folder.path("idf.npy")
            let vocabulary = try folder.write("{\"a\": 0, \"b\": 1}", to: "vocabulary.json").path
            return { input in
                try folder.put(input, into: path)
                try weights(idf: path, vocabulary: vocabulary, in: folder).validate()
                return []
            }
        },
        FuzzReader(
            "punkt", "what Punkt has learned of words", .lines, words: ["\t", "126", "dr", "##number##"],
            seeds: { ["dr\t126\nthe\t2\n##number##\t36\n", "dr\nthe\n"].bytes }
        ) { folder in
            let names = ["abbrev_types.txt", "collocations.tab", "ortho_context.tab", "sent_starters.txt"]
            return { input in
                // One file is the input, and the others are empty.
                let chosen = input.count % names.count
                for (place, name) in names.enumerated() {
                    try folder.put(place == chosen ? input : [], into: folder.path(name))
                }
                let measure = Fluency()
                measure.words = .nltk
                measure.punkt = FolderPath(folder.url.path)
                try measure.validate()
                return []
            }
        },
    ]

    private static func weights(idf: String, vocabulary: String, in folder: FuzzFolder) throws -> Consistency {
        let measure = Consistency()
        measure.references = FilePath(try folder.write("{}", to: "references.json").path)
        measure.idf = FilePath(idf)
        measure.vocabulary = FilePath(vocabulary)
        return measure
    }

    /// A NumPy file of float64.
    private static func vector(_ numbers: [Double]) -> [UInt8] {
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (\(numbers.count),), }\n"
        let body = numbers.flatMap { number in withUnsafeBytes(of: number.bitPattern.littleEndian) { [UInt8]($0) } }
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + body
    }
}
