// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("Readings of words")
struct WordReadingTests {
    private let model: Model

    init() throws { model = try TestSession(TinyModel.load(.llama)).model }

    @Test("Probability and rank are means over the word's tokens, row by row")
    func means() throws {
        // Softmax of logarithms gives the numbers back.
        let rows = try Tensor([0.1, 0.2, 0.3, 0.4, 0.4, 0.3, 0.2, 0.1] as [Float], shape: [2, 4]).log()
        let readings = try rows.readings(of: [3, 1])
        #expect(readings.map(\.rank) == [2, 3])
        #expect(abs(readings[0].probability - 0.3) < 1e-6)
        #expect(abs(readings[1].probability - 0.2) < 1e-6)
        #expect(try rows.readings(of: [0]).map(\.rank) == [4, 1])
    }

    @Test("Half precision is read in float32")
    func half() throws {
        let rows = try Tensor([0, 8, 9, 1] as [Float], shape: [1, 4]).cast(to: .bfloat16)
        let whole = try rows.cast(to: .float32).readings(of: [1, 2])
        #expect(try rows.readings(of: [1, 2]) == whole)
    }

    @Test("A word without tokens, and a token beyond the vocabulary, are errors")
    func mistakes() throws {
        let rows = try Tensor([0, 1] as [Float], shape: [1, 2])
        #expect(throws: SutureError.self) { try rows.readings(of: []) }
        #expect(throws: SutureError.self) { try rows.readings(of: [2]) }
        #expect(throws: SutureError.self) { try rows.select(0, 0).readings(of: [0]) }
    }

    @Test("A prompt is continued by the tokens that really follow it, or not at all")
    func continuation() throws {
        let (prompt, answer) = try model.continuation(of: "The capital of France is", by: " Paris")
        #expect(prompt + answer == (try model.encode("The capital of France is Paris", addsSpecialTokens: true)))
        #expect(!answer.isEmpty)
        for (text, word) in [("The", ""), ("", "")] {
            #expect(throws: SutureError.self) { try model.continuation(of: text, by: word) }
        }
    }
}
