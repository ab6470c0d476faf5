// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import LANCET

@Suite("Recall and pairs")
struct RecallTests {
    init() throws { try TestHost.install() }

    @Test("The top and the bottom are recalled beyond the threshold, everything else is an anchor")
    func recall() {
        let influence = [0.1, 3, -2, 0, 5, -0.2, 4, -6, 0.3, 0.2]
        let recall = Recall(influence, share: 0.2, threshold: 0.25)
        #expect(recall.promoting == [4, 6])
        #expect(recall.counteracting == [7, 2])
        #expect(recall.anchors == [0, 1, 3, 5, 8, 9])
        #expect(recall.recalled == [7, 2, 6, 4])
        let ranks = recall.ranks
        #expect(zip(ranks, [-1, -1.0 / 3, 1.0 / 3, 1]).allSatisfy { abs($0 - $1) < 1e-12 })
        // Their influence is -6, -2, 4, 5: the sum of squares is 81, and its root over 2 is 4.5.
        let standardized = recall.standardized
        #expect(zip(standardized, [-6 / 4.5, -2 / 4.5, 4 / 4.5, 5 / 4.5]).allSatisfy { abs($0 - $1) < 1e-12 })
        let high = Recall(influence, share: 0.2, threshold: 4.5)
        #expect(high.promoting == [4] && high.counteracting == [7])
        #expect(Recall([1, 2], share: 0.5, threshold: 9).recalled.isEmpty)
    }

    @Test("Queries weigh the same, and what they do not agree on falls below the threshold")
    func aggregate() throws {
        let rows = Aggregate.normalized([[3, -4, 0, 0], [0, 0, 0, 0]])
        #expect(rows == [[1.2, -1.6, 0, 0], [0, 0, 0, 0]])
        #expect(Aggregate.mean(rows) == [0.6, -0.8, 0, 0])
        #expect(Aggregate.percentile([4, 1, 3, 2, 5], 75) == 4)
        #expect(abs(Aggregate.percentile([0, 10], 99) - 9.9) < 1e-12)
        // One example of 1000 is influential in each of 16 queries: its mean stays, and no shuffled mean comes near it.
        let random = try RandomNumbers(seed: 1)
        let noisy = try (0..<16).map { _ in
            var row = try random.normal([1000]).scalars(as: Double.self)
            row[7] = 4
            return row
        }
        let threshold = try InfluenceSides(noisy, unwanted: 16).shuffledPercentile(99, random: RandomNumbers(seed: 2))
        #expect(threshold > 0.4 && threshold < 1)
        let recall = Recall(Aggregate.mean(noisy), share: 0.05, threshold: threshold)
        #expect(recall.promoting.first == 7)
        #expect(recall.recalled.count < 30)
    }

    @Test("What promotes wanted texts counts against what promotes unwanted ones, side by side")
    func sides() throws {
        // The first example promotes one unwanted text and works against the other, the second the other way round: they
        // compete. The third works against both. Only the contrast tells it from the first two.
        let (unwanted, wanted) = ([[3.0, -1, -1], [-1, 3, -1]], [[-2.0, -2, 4]])
        #expect(InfluenceSides(unwanted, unwanted: 2).influence == [1, 1, -1])
        #expect(InfluenceSides(unwanted + wanted, unwanted: 2).influence == [3, 3, -5])
    }

    @Test("Pairs keep the gap, are spread over gaps, and prefer a shared prompt")
    func pairs() throws {
        let count = 41
        let ranks = (0..<count).map { 2 * Double($0) / Double(count - 1) - 1 }
        var prompts = ranks.indices.map(String.init)
        let pairs = try Pair.stratified(
            strengths: ranks, prompts: prompts, partners: 8, gap: 0.5, random: RandomNumbers(seed: 0))
        #expect(
            pairs.allSatisfy { $0.gap >= 0.5 - 1e-9 && abs(ranks[$0.harmful] - ranks[$0.harmless] - $0.gap) < 1e-12 })
        #expect(Set(pairs).count == pairs.count)
        let last = pairs.filter { $0.harmful == count - 1 }
        #expect(last.count >= 8 && last.contains { $0.gap < 0.8 } && last.contains { $0.gap > 1.75 })
        prompts[0] = "shared"
        prompts[count - 1] = "shared"
        let alike = try Pair.stratified(
            strengths: ranks, prompts: prompts, partners: 2, gap: 0.5, random: RandomNumbers(seed: 0))
        #expect(alike.contains { $0.harmful == count - 1 && $0.harmless == 0 })
        #expect(
            try Pair.stratified(
                strengths: [0, 0.1], prompts: ["", ""], partners: 8, gap: 0.5, random: RandomNumbers(seed: 0)
            )
            .isEmpty)
    }
}
