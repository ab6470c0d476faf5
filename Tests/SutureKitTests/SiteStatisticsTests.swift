// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@Suite("Running statistics")
struct SiteStatisticsTests {
    private let model: Model
    private static let texts = [[5, 6, 7, 8, 9], [10], [], [11, 12, 13], [14, 15, 16, 17]]

    init() throws { model = try TestSession(TinyModel.load()).model }

    /// All vectors of a site, text by text, float64.
    private func values(_ site: Site) throws -> Tensor {
        try Tensor.concatenated(
            SiteStatisticsTests.texts.filter { !$0.isEmpty }.map { text in
                var pass = Forward(try TokenBatch([text]), logits: .none)
                pass.captures = [Capture(site)]
                return try model.forward(pass).captures[0][0].cast(to: .float64)
            })
    }

    private func distance(_ a: Tensor, _ b: Tensor) throws -> Double { try (a - b).abs().max().item() }

    @Test(
        "Statistics over texts equal those of all vectors at once, whatever the budget",
        arguments: [Site.embedding, .residualMid(0), .neurons(3), .finalNorm], [1, 6, 8192])
    func equalsPlain(site: Site, tokenBudget: Int) throws {
        let statistics = try model.statistics(
            of: [.mlpOutput(1), site], over: SiteStatisticsTests.texts, keepsSecondMoment: true,
            tokenBudget: tokenBudget)[1]
        let x = try values(site)
        #expect(statistics.count == 13 && x.shape[0] == 13)
        #expect(try distance(statistics.mean(), x.mean(0)) < 1e-6)
        #expect(try distance(statistics.variance(), x.variance(0)) < 1e-5)
        let moment = try statistics.secondMoment()
        #expect(moment.tokenCount == 13)
        #expect(try distance(moment.matrix, x.transposed().matmul(x) / 13) < 1e-5)
        let centred = try x - x.mean(0, keepsDimensions: true)
        #expect(try distance(statistics.covariance(), centred.transposed().matmul(centred) / 13) < 1e-5)
    }

    @Test("The same texts give the same numbers, and parts can be added")
    func partsAdd() throws {
        func run(_ texts: [[Int]]) throws -> RunningStatistics {
            try model.statistics(of: [.neurons(2)], over: texts, tokenBudget: 4)[0]
        }
        let whole = try run(SiteStatisticsTests.texts)
        #expect(try whole.mean().scalars(as: Double.self) == run(SiteStatisticsTests.texts).mean().scalars())
        var sum = try run(Array(SiteStatisticsTests.texts[..<2]))
        try sum.add(run(Array(SiteStatisticsTests.texts[2...])))
        #expect(sum.count == whole.count)
        #expect(try distance(sum.mean(), whole.mean()) < 1e-6)
        try sum.add(RunningStatistics())
        #expect(sum.count == whole.count)
    }

    @Test("Statistics of nothing, of other widths, and without second moments are refused")
    func refused() throws {
        var statistics = RunningStatistics()
        let empty = #expect(throws: SutureError.self) { try statistics.mean() }
        #expect(empty?.message == "there are no vectors to take statistics of")
        try statistics.add(Tensor.ones([3, 2]))
        #expect(throws: SutureError.self) { try statistics.add(Tensor.ones([3, 4])) }
        #expect(throws: SutureError.self) { try statistics.add(Tensor.ones([3])) }
        let moment = #expect(throws: SutureError.self) { try statistics.secondMoment() }
        #expect(moment?.message == "second moments were not kept")
        var other = RunningStatistics(keepsSecondMoment: true)
        #expect(throws: SutureError.self) { try other.add(statistics) }
        #expect(other.count == 0)
    }

    @Test("A constant has no variance, not even a negative one")
    func constant() throws {
        var statistics = RunningStatistics()
        for _ in 0..<100 { try statistics.add(Tensor.full([7, 3], 1e4 + 0.1)) }
        #expect(try statistics.variance().min().item() >= 0)
    }
}
