// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import TestSupport
import Testing

@testable import LANCET

@Suite("Losses over rows")
struct RowLossTests {
    init() throws { try TestHost.install() }

    private let now = [-1.0, -2.5, -0.75]
    private let start = [-1.25, -2.0, -1.5]
    private let pairs = [Pair(harmful: 2, harmless: 0, gap: 2), Pair(harmful: 1, harmless: 0, gap: 1)]

    private func values(_ now: [Double]) throws -> RowValues {
        RowValues(
            now: try Tensor(now, shape: [3]).cast(to: .float32).leaf(),
            start: try Tensor(start, shape: [3]).cast(to: .float32), counts: [2, 3, 4])
    }

    /// The losses by plain arithmetic, and by tensors.
    private func losses() -> [(plain: ([Double]) -> Double, tensor: (RowValues) throws -> Tensor)] {
        func pairLoss(_ divergence: (Double, Double) -> Double, _ now: [Double]) -> Double {
            pairs.reduce(0) { sum, pair in
                let margin =
                    0.7 * ((now[pair.harmless] - start[pair.harmless]) - (now[pair.harmful] - start[pair.harmful]))
                return sum + divergence(1.5 * pair.gap, margin)
            } / Double(pairs.count)
        }
        func logistic(_ wanted: Double, _ margin: Double) -> Double {
            let (p, q) = (1 / (1 + exp(-wanted)), 1 / (1 + exp(-margin)))
            return p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))
        }
        return [
            (
                { pairLoss(logistic, $0) },
                { try Losses.pairs(pairs, $0, beta: 0.7, kappa: 1.5, potential: .logistic) }
            ),
            (
                { pairLoss({ ($0 - $1) * ($0 - $1) / 2 }, $0) },
                { try Losses.pairs(pairs, $0, beta: 0.7, kappa: 1.5, potential: .squared) }
            ),
            (
                { ($0[0] - 0.5 * $0[1] + 0.25 * $0[2]) / 3 },
                { try Losses.weighted(strengths: [1, -0.5, 0.25], $0) }
            ),
            (
                { now in
                    let ratios = zip(zip(now, start), [2.0, 3, 4]).map { ($0.0 - $0.1) * $1 }
                    return ratios.reduce(0) { $0 + 2 / 0.3 * log(1 + exp(0.3 * $1)) } / 3
                }, { try Losses.negativePreference($0, beta: 0.3) }
            ),
        ]
    }

    @Test("Every loss is what its formula says, and so is its gradient")
    func formulas() throws {
        for (plain, tensor) in losses() {
            let values = try values(now)
            let loss = try tensor(values)
            #expect(abs(try loss.detached().item() - plain(now)) < 1e-5)
            let gradient = try #require(try loss.gradients(of: [values.now])[0]).scalars(as: Double.self)
            for i in now.indices {
                var (up, down) = (now, now)
                up[i] += 1e-4
                down[i] -= 1e-4
                #expect(abs(gradient[i] - (plain(up) - plain(down)) / 2e-4) < 1e-5)
            }
        }
    }

    @Test("A divergence is 0 where both agree, and nowhere below")
    func zero() throws {
        for potential in [Potential.logistic, .squared] {
            let wanted = [-3.0, 0, 0.5, 20]
            let same = try potential.divergence(wanted: wanted, margins: Tensor(wanted, shape: [4]).cast(to: .float32))
            #expect(try same.abs().max().item() < 1e-6)
            let other = try potential.divergence(wanted: wanted, margins: Tensor([1, 1, 1, 1] as [Float], shape: [4]))
            #expect(try other.min().item() > 0)
        }
    }

    @Test("The rate rises over the first steps and falls by a cosine")
    func rate() {
        let settings = OptimizerSettings()
        settings.learningRate = 1
        settings.warmUpShare = 0.2
        let rates = (0..<10).map { settings.rate($0, of: 10) }
        #expect(rates[0] == 0.5 && rates[1] == 1 && rates[2] == 1)
        #expect(abs(rates[6] - 0.5) < 1e-12 && rates[9] < 0.05)
        settings.epochs = 3
        #expect(settings.stepCount(of: 64) == 6 && settings.stepCount(of: 5) == 3)
    }

    @Test("Of equal shares the lower perplexity wins, and never beyond the limit")
    func verdict() {
        let first = Verdict(unwanted: 0.5, likelihood: -1, perplexity: 1.02)
        #expect(first.isPreferred(to: nil, limit: 1.05))
        // Of equal shares the lower perplexity wins, whatever the likelihood; the earlier of equals stays.
        #expect(Verdict(unwanted: 0.5, likelihood: 0, perplexity: 1.01).isPreferred(to: first, limit: 1.05))
        #expect(!Verdict(unwanted: 0.5, likelihood: -2, perplexity: 1.04).isPreferred(to: first, limit: 1.05))
        #expect(!first.isPreferred(to: first, limit: 1.05))
        #expect(Verdict(unwanted: 0.4, likelihood: 0, perplexity: 1.04).isPreferred(to: first, limit: 1.05))
        #expect(!Verdict(unwanted: 0, likelihood: -9, perplexity: 1.06).isPreferred(to: first, limit: 1.05))
        // Without an annotator the likelihood decides.
        let told = Verdict(unwanted: nil, likelihood: -1, perplexity: 1)
        #expect(Verdict(unwanted: nil, likelihood: -2, perplexity: 1.04).isPreferred(to: told, limit: 1.05))
        #expect(!Verdict(unwanted: nil, likelihood: -0.5, perplexity: 0.9).isPreferred(to: told, limit: 1.05))
        #expect(DevelopmentSettings().heldOut(of: 1).isEmpty && DevelopmentSettings().heldOut(of: 20) == [0, 10])
    }
}
