// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import Evaluators

/// float64 sums in another order.
private let sumTolerance = 1e-9

/// What scikit-learn says with weights that are given; made by Golden/make_given_weights.py.
private struct GivenWeights: Decodable {
    var pairs: [[String]]
    var cosines: [String: [Double]]

    static func file(_ name: String) throws -> FilePath {
        FilePath(
            try GoldenFile.url(
                "Tests/MethodTests/Golden/GivenWeights/\(name)",
                madeBy: "Tests/MethodTests/Golden/make_given_weights.py"
            ).path)
    }
}

@Suite("Weights of a vectorizer that was fitted elsewhere")
struct GivenWeightTests {
    let folder: ScratchFolder
    init() throws { folder = try ScratchFolder() }

    private func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> FilePath {
        let url = folder.url.appending(path: name)
        try Data(bytes).write(to: url)
        return FilePath(url.path)
    }

    private func vector(_ header: String, _ numbers: [Double], version: UInt8 = 1) -> [UInt8] {
        let length = UInt8(header.utf8.count + 1)
        let lengths: [UInt8] = version == 1 ? [length, 0] : [length, 0, 0, 0]
        let body = numbers.flatMap { number in
            withUnsafeBytes(of: number.bitPattern.littleEndian) { [UInt8]($0) }
        }
        return [0x93] + "NUMPY".utf8 + [version, 0] + lengths + header.utf8 + [10] + body
    }

    private func header(_ type: String = "'<f8'", _ shape: String = "(2,)") -> String {
        "{'descr': \(type), 'fortran_order': False, 'shape': \(shape), }"
    }

    @Test("The cosine is scikit-learn's", arguments: ["float64", "float32"])
    func cosines(_ type: String) throws {
        let golden = try JSONDecoder().decode(
            GivenWeights.self, from: Data(contentsOf: URL(filePath: GivenWeights.file("cosines.json").path)))
        let weights = try TermWeights(
            idf: GivenWeights.file("\(type).npy"), vocabulary: GivenWeights.file("vocabulary.json"))
        for (pair, expected) in zip(golden.pairs, try #require(golden.cosines[type])) {
            #expect(abs(weights.cosine(pair[0], pair[1]) - expected) < sumTolerance, "\(pair)")
        }
    }

    @Test("A vector of any version of the format is read")
    func versions() throws {
        for version: UInt8 in 1...3 {
            let file = try file("idf.npy", vector(header(), [1.5, -2], version: version))
            #expect(try NumPyVector.read(file) == [1.5, -2])
        }
    }

    @Test("Another type, another shape and a damaged file are refused by what they are")
    func vectors() throws {
        let wrong: [([UInt8], String)] = [
            (vector(header("'<i8'"), [1, 2]), "of the type <i8"), (vector(header("'>f8'"), [1, 2]), "of the type >f8"),
            (vector(header("'<f8'", "(1, 2)"), [1, 2]), "the shape (1, 2)"),
            (vector(header("'<f8'", "()"), [1]), "the shape ()"),
            (vector(header("'<f8'", "(0,)"), []), "the shape (0,)"),
            (vector(header("'<f8'", "(-2,)"), [1, 2]), "the shape (-2,)"),
            (vector(header(), [1]), "should be 2 numbers"), (vector(header(), [1, 2, 3]), "should be 2 numbers"),
            (vector(header("'<f8'", "(4000000000000000000,)"), [1]), "should be 4000000000000000000 numbers"),
            (vector(header(), [1, .nan]), "weight 1 of"),
            (vector(header("[('a', '<f8')]"), [1, 2]), "not a NumPy file"),
            (Array(vector(header(), [1, 2]).prefix(40)), "not a NumPy file"), ([], "not a NumPy file"),
            (Array("0.5\n1.5\n".utf8), "not a NumPy file"),
        ]
        for (bytes, expected) in wrong {
            let file = try file("idf.npy", bytes)
            let error = #expect(throws: SutureError.self) { try NumPyVector.read(file) }
            #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
            #expect(error?.message.contains(file.path) == true)
        }
    }

    @Test("A vocabulary is read in every spelling of JSON")
    func vocabulary() throws {
        var places = try TermPlaces(
            file("vocabulary.json", " {\"a\\u00e9\\ud83d\\ude00\" :1,\n\"e\u{301}\\n\\\"\":\t0 , \"é\": 2} \n".utf8))
        let weights = try places.weights([0.5, 1.5, 2.5])
        #expect(weights == [ExactText("aé😀"): 1.5, ExactText("e\u{301}\n\""): 0.5, ExactText("é"): 2.5])
    }

    @Test(
        "What is not a vocabulary of these weights is refused by what is wrong",
        arguments: [
            ("{\"a\": 0, \"b\": 2}", "the term \"b\" at 2"), ("{\"a\": 0, \"b\": -1}", "the term \"b\" at -1"),
            ("{\"a\": 0, \"b\": 0}", "a second term, \"b\", at 0"), ("{\"a\": 0, \"a\": 1}", "the term \"a\" twice"),
            ("{\"a\": 0}", "has 1 terms, and there are 2"), ("{}", "has 0 terms, and there are 2"),
            ("{\"a\": 0, \"b\": 1.0}", "as byte 15"), ("{\"a\": 0, \"b\": 1,}", "as byte 16"),
            ("{\"a\": 0, \"b\": 1", "as byte 15"), ("{\"a\": 0, \"b\": 1} x", "as byte 17"),
            ("[\"a\", \"b\"]", "as byte 0"),
            ("{\"\\ud83d\": 0, \"b\": 1}", "as byte 8"), ("{\"\\x\": 0, \"b\": 1}", "as byte 2"),
            ("{\"a\": 99999999999999999999, \"b\": 1}", "as byte 6"), ("", "as byte 0"),
        ])
    func vocabularies(_ json: String, _ expected: String) throws {
        let file = try file("vocabulary.json", json.utf8)
        let error = #expect(throws: SutureError.self) {
            var places = try TermPlaces(file)
            _ = try places.weights([1, 2])
        }
        #expect(error?.message.contains(expected) == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(file.path) == true && error?.hint.isEmpty == false)
    }

    @Test("Weights come from a corpus, or from a vector with its vocabulary; the protocol says which")
    func forms() throws {
        let evaluator = Consistency()
        evaluator.references = try file("references.json", "{}".utf8)
        func refusal() -> String? {
            #expect(throws: SutureError.self) { try evaluator.validate() }?.message
        }
        func protocolName() throws -> String? {
            try evaluator.summarize([Score("reference_score", 0.3, caseIndex: 0)]).first?.protocol
        }
        #expect(refusal()?.contains("none of them is given") == true)
        evaluator.idf = try GivenWeights.file("float64.npy")
        #expect(refusal()?.contains("idf is given") == true)
        evaluator.vocabulary = try GivenWeights.file("vocabulary.json")
        try evaluator.validate()
        #expect(try protocolName() == "given weights, top-5 sampling, 100 tokens with the prompt")
        evaluator.corpus = try file("corpus.txt", "a text\n".utf8)
        #expect(refusal()?.contains("corpus and idf and vocabulary are given") == true)
        evaluator.idf = nil
        evaluator.vocabulary = nil
        try evaluator.validate()
        #expect(try protocolName() == "weights of a corpus, top-5 sampling, 100 tokens with the prompt")
    }

    @Test("Cases share a list of reference texts by its name; a name without a list is refused")
    func shared() throws {
        let cases = TinyCases.pairs(3)
        let json = [
            "\"\(cases[0].id)\": \"P1/Q2\"", "\"P1/Q2\": [\"one\", \"two\"]", "\"\(cases[1].id)\": [\"three\"]",
        ]
        let texts = try ReferenceTexts(file("references.json", "{\(json.joined(separator: ", "))}".utf8))
        #expect(texts[cases[0]] == ["one", "two"] && texts[cases[1]] == ["three"] && texts[cases[2]] == nil)
        for broken in [#"{"0": "P1/Q2"}"#, #"{"0": "1", "1": "2", "2": []}"#] {
            let file = try file("broken.json", broken.utf8)
            let error = #expect(throws: SutureError.self) { try ReferenceTexts(file) }
            #expect(error?.message.contains("\"0\" in") == true, "\(error?.message ?? "")")
        }
    }
}
