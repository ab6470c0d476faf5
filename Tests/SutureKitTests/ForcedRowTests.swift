// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("Teacher forcing")
struct ForcedRowTests {
    private let model: Model
    private static let rows = [
        ForcedRow(prompt: [5, 6], target: [7, 8, 9]), ForcedRow(prompt: [10], target: [11]),
        ForcedRow(text: [12, 13, 14, 15, 16]), ForcedRow(tokens: [3, 4], reads: []),
        ForcedRow(
            tokens: [20, 21, 22], reads: [TokenRead(position: 2, target: 1), TokenRead(position: 0, target: 2)]),
    ]

    init() throws { model = try TestSession(TinyModel.load(.llama)).model }

    /// One row alone, from all of its logits.
    private func plain(_ row: ForcedRow) throws -> ForcedReading {
        let logits = try model.logits(Forward(TokenBatch([row.tokens])))[0]
        let logP = try logits.logSoftmax()
        return ForcedReading(
            losses: try row.reads.map { -(try logP[$0.position].select(0, $0.target).item()) },
            choices: try row.reads.map { Int(try logits[$0.position].argmax().item()) })
    }

    @Test("The target's last token is read but not run")
    func rows() {
        let row = ForcedRow(prompt: [5, 6], target: [7, 8])
        #expect(row.tokens == [5, 6, 7])
        #expect(row.reads == [TokenRead(position: 1, target: 7), TokenRead(position: 2, target: 8)])
        #expect(ForcedRow(text: [1, 2, 3]).reads.map(\.target) == [2, 3])
        #expect(ForcedRow(text: [1]).reads.isEmpty)
    }

    @Test("Reading in batches equals reading every row alone, whatever the budget", arguments: [1, 7, 8192])
    func equalsPlain(tokenBudget: Int) throws {
        let readings = try model.read(ForcedRowTests.rows, tokenBudget: tokenBudget)
        for (row, reading) in zip(ForcedRowTests.rows, readings) {
            let expected = try plain(row)
            #expect(reading.choices == expected.choices)
            #expect(zip(reading.losses, expected.losses).allSatisfy { abs($0 - $1) < 1e-4 })
            #expect(reading.losses.count == row.reads.count)
        }
    }

    @Test("Only what is requested is computed, and progress counts the rows that are done")
    func parts() throws {
        let rows = ForcedRowTests.rows
        #expect(try model.read(rows, .losses, tokenBudget: 99).allSatisfy { $0.choices.isEmpty })
        #expect(try model.read(rows, .choices, tokenBudget: 99).allSatisfy { $0.losses.isEmpty })
        var seen: [Int] = []
        _ = try model.read(rows, .choices, tokenBudget: 1) { seen.append($0) }
        #expect(seen == Array(0..<rows.count))
        #expect(try model.read([], tokenBudget: 8).isEmpty)
    }

    @Test("A batch serves many passes, and gradients flow through its losses")
    func batches() throws {
        var losses = ForcedRowTests.rows.map { _ in [Double]() }
        for batch in try ForcedRowTests.rows.filter({ !$0.reads.isEmpty }).batches(tokenBudget: 8) {
            let logits = try model.logits(Forward(batch.tokens, logits: .at(batch.reads))).leaf()
            let values = try batch.losses(logits)
            try values.sum().backward()
            #expect(try logits.gradient()?.shape == logits.shape)
            batch.store(try values.scalars(), in: &losses)
        }
        #expect(losses.map(\.count) == [3, 1, 4, 2, 0])
    }

    @Test("A target is rated by its own tokens; one token needs no row of its own", arguments: [1, 8192])
    func ratings(tokenBudget: Int) throws {
        let requests = [
            TargetRequest(prompt: [5, 6], targets: [[7, 8], [9], [10, 11, 12]]),
            TargetRequest(prompt: [3, 4, 5], targets: [[6], [7]]),
        ]
        let ratings = try model.ratings(of: requests, tokenBudget: tokenBudget)
        for (request, own) in zip(requests, ratings) {
            #expect(own.count == request.targets.count)
            for (target, rating) in zip(request.targets, own) {
                let expected = try plain(ForcedRow(prompt: request.prompt, target: target))
                #expect(zip(rating.losses, expected.losses).allSatisfy { abs($0 - $1) < 1e-4 })
                #expect(rating.losses.count == target.count && rating.choices == expected.choices)
                #expect(rating.hits == zip(target, expected.choices).count { $0 == $1 })
            }
        }
    }

    @Test("A rating counts hits, and a target without tokens is nothing")
    func figures() {
        let rating = TargetRating(target: [1, 2], losses: [0.5, 1.5], choices: [1, 9])
        #expect(rating.negativeLogLikelihood == 1 && rating.totalNegativeLogLikelihood == 2)
        #expect(rating.hits == 1 && rating.hitRate == 0.5 && !rating.isFirstChoice)
        #expect(abs(rating.probability - exponential(-1)) < 1e-12)
        #expect(TargetRating(target: [1], losses: [0], choices: [1]).isFirstChoice)
        let none = TargetRating(target: [], losses: [], choices: [])
        #expect(none.negativeLogLikelihood == 0 && none.hitRate == 0 && !none.isFirstChoice)
    }
}
