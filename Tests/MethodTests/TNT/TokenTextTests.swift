// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel
import TestSupport
import Testing

@testable import TNT

@Suite("Tokens and the text they spell")
struct TokenTextTests {
    private let model: Model

    init() throws { model = try TestSession(TinyModel.load()).model }

    private func spelled(_ text: String, after prompt: String = "The tower") throws -> (TokenText, [Int]) {
        let ids = try model.encode(text)
        return (try TokenText(ids, after: model.encode(prompt), model), ids)
    }

    @Test(
        "Each token covers the bytes that it adds", arguments: ["The tower in", " Paris is the capital", "a b  c\nd"])
    func plainText(text: String) throws {
        let (spelled, ids) = try spelled(text)
        #expect(spelled.text == text)
        #expect(spelled.ranges.count == ids.count)
        #expect(spelled.ranges.first?.lowerBound == 0)
        #expect(spelled.ranges.last?.upperBound == text.utf8.count)
        for (a, b) in zip(spelled.ranges, spelled.ranges.dropFirst()) { #expect(a.upperBound == b.lowerBound) }
    }

    @Test("All tokens of a character of several bytes cover the whole of it")
    func characters() throws {
        // The tiny tokenizer has one token for each byte: é has two, € three, 😀 four.
        let (spelled, ids) = try spelled("é€😀 is")
        #expect(ids.count == 10)
        #expect(spelled.text == "é€😀 is")
        #expect(
            spelled.ranges == [
                0..<2, 0..<2, 2..<5, 2..<5, 2..<5, 5..<9, 5..<9, 5..<9, 5..<9, 9..<12,
            ])
        #expect(spelled.tokens(in: [2..<5], firstOnly: false) == [2, 3, 4])
        #expect(spelled.tokens(in: [2..<5], firstOnly: true) == [2])
    }

    @Test("A mark in the middle of a token marks the token, and marks that touch do not spill over")
    func partialMarks() throws {
        let (spelled, ids) = try spelled(" Paris is the capital")
        #expect(ids.count == 4)
        #expect(spelled.tokens(in: [1..<6], firstOnly: false) == [0])
        #expect(spelled.tokens(in: [4..<8], firstOnly: false) == [0, 1])
        #expect(spelled.tokens(in: [1..<6, 9..<21], firstOnly: true) == [0, 2])
        #expect(spelled.tokens(in: [], firstOnly: false).isEmpty)
    }

    @Test("Bytes that are no character, special tokens and an unfinished character at the end keep their places")
    func brokenBytes() throws {
        let euro = try model.encode("€")
        let is_ = try model.encode(" is")
        // A lone middle byte, the end-of-text token, and the first two bytes of three.
        let ids = [euro[1]] + is_ + [0] + is_ + euro.prefix(2)
        let spelled = try TokenText(ids, after: [], model)
        #expect(spelled.text == "\u{FFFD} is is\u{FFFD}")
        // The token after a broken character might have ended it, so it covers that character too.
        #expect(spelled.ranges == [0..<3, 0..<6, 6..<6, 6..<9, 9..<12, 9..<12])
        #expect(spelled.tokens(in: [0..<12], firstOnly: false) == [0, 1, 3, 4, 5])
    }
}

/// The same with a tokenizer that begins each text with a space of its own.
@Suite("Tokens of a SentencePiece model and the text they spell")
struct SentencePieceTokenTextTests {
    private let model: Model
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        let fixture = Repository.root.appending(path: "Tests/SutureModelTests/Tokenizer/Fixtures/llama2.json")
        let json = try Data(contentsOf: fixture)
        let known = try Tokenizer(json: json).vocabularySize
        try TinyModel.write(.llama, tokenizer: (json, known + 8), to: folder.url)
        model = try TestSession(LanguageModel(folder: folder.url)).model
    }

    @Test(
        "The text is what the tokens add to the prompt, and the parts of the tokens make it up",
        arguments: [false, true])
    func continued(endsInMark: Bool) throws {
        var prompt = try model.encode("The river", addsSpecialTokens: true)
        // A mark that is not said, as a chat's prompt ends with, hides what is before it.
        let marks = try model.encode("", addsSpecialTokens: true)
        let mark = try #require(marks.first)
        if endsInMark { prompt.append(mark) }
        let ids = try model.tokens(of: "The river", followedBy: " in comes é龘 x").following
        let spelled = try TokenText(ids, after: prompt, model)
        #expect(try spelled.text == model.text(of: ids, after: prompt))
        #expect(spelled.text == " in comes é龘 x")
        #expect(spelled.ranges.count == ids.count && spelled.ranges.last?.upperBound == spelled.text.utf8.count)
        for (a, b) in zip(spelled.ranges, spelled.ranges.dropFirst()) {
            #expect(a == b || a.upperBound == b.lowerBound, "tokens share a character or follow each other")
        }
        #expect(spelled.tokens(in: [4..<9], firstOnly: false).count < ids.count)
    }
}
