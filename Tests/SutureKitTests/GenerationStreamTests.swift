// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("Streams of generated rows")
struct GenerationStreamTests {
    private static let rows = [[5, 9, 40], [11, 12, 13, 14, 15], [5, 9, 40], [7], [20, 21]]
    private static let streams = [0, 3, 17, 4, 1_000]

    private let model: Model

    init() throws { model = try TestSession(TinyModel.load()).model }

    private func generate(_ places: [Int], streams: [Int]?, seed: Int = 5) throws -> [[Int]] {
        try model.generate(
            places.map { Self.rows[$0] },
            Model.Generation(
                maxNewTokens: 8, temperature: 1, topK: 40, topP: 0.95, seed: seed,
                streams: streams.map { streams in places.map { streams[$0] } }))
    }

    @Test(
        "A row draws the same whatever the batch and wherever it is in it",
        arguments: [[[0], [1], [2], [3], [4]], [[4, 3, 2, 1, 0]], [[2, 0], [3, 4, 1]]])
    func independentOfBatch(split: [[Int]]) throws {
        let whole = try generate(Array(Self.rows.indices), streams: Self.streams)
        for batch in split {
            for (place, tokens) in zip(batch, try generate(batch, streams: Self.streams)) {
                #expect(tokens == whole[place], "row \(place) in the batch \(batch)")
            }
        }
    }

    @Test("Without numbers a row's stream is its place, and streams and seeds differ")
    func places() throws {
        let all = Array(Self.rows.indices)
        let plain = try generate(all, streams: nil)
        #expect(try generate(all, streams: all) == plain)
        #expect(plain[0] != plain[2], "equal prompts draw from streams of their own")
        let equal = try generate([0, 2], streams: [9, 9, 9, 9, 9])
        #expect(equal[0] == equal[1], "equal prompts with one stream draw the same")
        #expect(try generate(all, streams: nil, seed: 6) != plain)
    }

    @Test("As many streams as rows are needed")
    func count() throws {
        let error = #expect(throws: SutureError.self) {
            try model.generate(Self.rows, Model.Generation(maxNewTokens: 1, temperature: 1, streams: [1, 2]))
        }
        #expect(error?.message == "2 streams were given for 5 rows")
    }
}
