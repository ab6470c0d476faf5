// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import Evaluators

/// How NLTK cuts texts; made by Golden/make_nltk_words.py.
private struct NLTKEntry: Decodable {
    var text: String
    var sentences: [String]
    var nltk: [String]
    var preserve_line: [String]
    var fluency: Double

    static func load() throws -> [NLTKEntry] {
        // The same of many texts, from another file.
        let given = ProcessInfo.processInfo.environment["SUTURE_NLTK_WORDS"].map { URL(filePath: $0) }
        let file = try given ?? golden("nltk_words.json")
        return try JSONDecoder().decode([NLTKEntry].self, from: Data(contentsOf: file))
    }

    static func golden(_ name: String) throws -> URL {
        try GoldenFile.url(
            "Tests/MethodTests/Golden/\(name)", madeBy: "Tests/MethodTests/Golden/make_nltk_words.py")
    }

    static func punkt() throws -> PunktSentences {
        PunktSentences(try PunktParameters(FolderPath(golden("Punkt").path)))
    }
}

private func bytes(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

/// float64 sums in another order.
private let sumTolerance = 1e-9

@Suite("Words as NLTK cuts them")
struct NLTKWordTests {
    @Test("Sentences and words are NLTK's, with Punkt and with preserve_line, and so is their entropy")
    func words() throws {
        let punkt = try NLTKEntry.punkt()
        for entry in try NLTKEntry.load() {
            let sentences = punkt.sentences(Array(entry.text.unicodeScalars)).map { String($0) }
            #expect(bytes(sentences) == bytes(entry.sentences), "\(entry.text.debugDescription)")
            let words = FluencyWords.nltk.words(entry.text, punkt)
            #expect(bytes(words) == bytes(entry.nltk), "\(entry.text.debugDescription)")
            let line = FluencyWords.nltkPreserveLine.words(entry.text, nil)
            #expect(bytes(line) == bytes(entry.preserve_line), "\(entry.text.debugDescription)")
            #expect(abs(WordEntropy.fluency(words) - entry.fluency) < sumTolerance)
        }
    }

    @Test(
        "A file of Punkt that is missing or damaged is refused by file and line",
        arguments: [
            ("ortho_context.tab", "a\t2\nb", "line 2 of "), ("ortho_context.tab", "a\t127", "line 1 of "),
            ("ortho_context.tab", "a\t-2", "line 1 of "), ("ortho_context.tab", "a\t2\n\nb\tx", "line 3 of "),
            ("ortho_context.tab", "a\t2\na\t2", "line 2 of "), ("collocations.tab", "a\tb\tc", "line 1 of "),
            ("collocations.tab", "a b", "line 1 of "), ("abbrev_types.txt", "dr\n\u{0}\u{FF}", "line 2 of "),
            ("sent_starters.txt", nil, "no file sent_starters.txt"),
        ] as [(String, String?, String)])
    func damaged(_ name: String, _ content: String?, _ expected: String) throws {
        let folder = try ScratchFolder()
        for name in ["abbrev_types.txt", "collocations.tab", "ortho_context.tab", "sent_starters.txt"] {
            try Data().write(to: folder.url.appending(path: name))
        }
        _ = try PunktParameters(FolderPath(folder.url.path))
        let file = folder.url.appending(path: name)
        if let content {
            // Bytes: 0xFF is no UTF-8.
            try Data(content.unicodeScalars.map { UInt8($0.value) }).write(to: file)
        } else {
            try FileManager.default.removeItem(at: file)
        }
        let error = #expect(throws: SutureError.self) { try PunktParameters(FolderPath(folder.url.path)) }
        #expect(error?.message.contains(expected) == true && error?.message.contains(name) == true)
        #expect(error?.hint.contains("punkt_tab") == true)
    }

    @Test("Sentences of Punkt are asked for where words need them, and nowhere else")
    func settings() throws {
        let evaluator = Fluency()
        try evaluator.validate()
        evaluator.words = .nltkPreserveLine
        try evaluator.validate()
        evaluator.words = .nltk
        #expect(#expect(throws: SutureError.self) { try evaluator.validate() }?.hint.contains("punkt_tab") == true)
        evaluator.punkt = FolderPath(try NLTKEntry.golden("Punkt").path)
        try evaluator.validate()
        evaluator.words = .plain
        #expect(#expect(throws: SutureError.self) { try evaluator.validate() }?.message.contains("plain") == true)
    }

    @Test("The protocol says how words are cut", arguments: FluencyWords.allCases)
    func protocolName(_ words: FluencyWords) throws {
        let evaluator = Fluency()
        evaluator.words = words
        let metric = try #require(evaluator.summarize([Score("ngram_entropy", 6, caseIndex: 0)]).first)
        #expect(metric.protocol == "\(words.protocolName), top-5 sampling, 100 tokens with the prompt")
        #expect(Set(FluencyWords.allCases.map(\.protocolName)).count == 3)
    }

    @Test("Fluency counts NLTK's words of the same texts")
    func evaluates() throws {
        let session = try TestSession(TinyModel.load())
        let evaluator = Fluency()
        evaluator.sampling.length = 24
        evaluator.words = .nltk
        evaluator.punkt = FolderPath(try NLTKEntry.golden("Punkt").path)
        let cases = TinyCases.pairs(1)
        let texts = try evaluator.sampling.texts(cases[0].samplingPrompts, session.model, in: session.session)
        let punkt = try NLTKEntry.punkt()
        let entropies = texts.map { WordEntropy.fluency(FluencyWords.nltk.words($0, punkt)) }
        #expect(try evaluator.evaluate(cases, in: session.session)[0].value == entropies.mean())
    }
}
