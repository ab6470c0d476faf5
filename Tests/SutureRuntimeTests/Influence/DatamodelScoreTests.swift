// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import SutureRuntime

@Suite("Linear datamodelling score")
struct DatamodelScoreTests {
    init() throws { try TestHost.install() }

    @Test("Spearman's coefficient counts ranks, shares those of equal values, and is none where all are equal")
    func spearman() throws {
        #expect(DatamodelScore.ranks([3, 1, 2, 1]) == [4, 1.5, 3, 1.5])
        #expect(DatamodelScore.spearman([1, 2, 3, 4], [10, 20, 30, 400]) == 1)
        #expect(DatamodelScore.spearman([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
        // scipy.stats.spearmanr([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) is 0.8, with a tie in the second 0.8720815992723809.
        #expect(abs(try #require(DatamodelScore.spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])) - 0.8) < 1e-12)
        let tied = try #require(DatamodelScore.spearman([1, 2, 3, 4, 5], [2, 2, 4, 3, 5]))
        #expect(abs(tied - 0.8720815992723809) < 1e-12)
        #expect(DatamodelScore.spearman([1, 2], [3, 3]) == nil)
    }

    @Test("The score is the mean over the queries, with the error of the mean")
    func mean() {
        let score = DatamodelScore(
            predicted: [[1, 2, 3], [1, 2, 3], [0, 0, 0]], outcomes: [[1, 2, 3], [3, 2, 1], [1, 2, 3]])
        #expect(score.queries == [1, -1, nil])
        #expect(score.mean == 0)
        #expect(abs((score.error ?? 0) - 1) < 1e-12)
        let none = DatamodelScore(predicted: [[1, 1]], outcomes: [[1, 2]])
        #expect(none.mean == nil && none.error == nil)
    }

    @Test("Sums over subsets add what the file of scores says of their examples")
    func sums() throws {
        let scratch = try ScratchFolder()
        let url = scratch.url.appending(path: "scores.safetensors")
        let file = try ScoreFile(url, examples: 3, queries: 2, metadata: [:])
        // [query][example]
        try file.append(Tensor([1.0, 2, 4, 10, 20, 40], shape: [2, 3]).cast(to: .float32))
        try file.finish()
        let sums = try ValidationJob.sums(over: [[0, 2], [1], []], url, queries: 2, count: 3)
        #expect(sums == [[5, 2, 0], [50, 20, 0]])
    }
}
