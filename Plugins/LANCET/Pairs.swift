// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Two recalled examples, by their places among the recalled ones.
struct Pair: Sendable, Hashable {
    /// The one of the larger strength.
    var harmful: Int
    var harmless: Int
    /// Of their strengths, above 0.
    var gap: Double

    /// For each example some partners, spread over the sizes of gaps.
    ///
    /// The possible partners of an example are sorted by gap and cut into as many parts as partners are wanted; of each part
    /// one is drawn, among those of the same prompt where there are any.
    ///
    /// - Parameters:
    ///   - strengths: of the recalled examples: ranks, or standardized influence.
    ///   - prompts: of the same examples.
    static func stratified(
        strengths: [Double], prompts: [String], partners: Int, gap smallest: Double, random: RandomNumbers
    ) throws -> [Pair] {
        var pairs: [Pair] = []
        var seen: Set<[Int]> = []
        for own in strengths.indices {
            // A gap that is the smallest one but for rounding counts.
            let possible = strengths.indices.filter {
                abs(strengths[own] - strengths[$0]) >= smallest - 1e-9 && $0 != own
            }
            .sorted { (abs(strengths[own] - strengths[$0]), $0) < (abs(strengths[own] - strengths[$1]), $1) }
            let parts = min(partners, possible.count)
            guard parts > 0 else { continue }
            let draws = try random.uniform([parts]).scalars(as: Double.self)
            for (part, draw) in draws.enumerated() {
                let all = possible[part * possible.count / parts..<(part + 1) * possible.count / parts]
                let alike = all.filter { prompts[$0] == prompts[own] }
                let choices = alike.isEmpty ? Array(all) : alike
                let other = choices[min(Int(draw * Double(choices.count)), choices.count - 1)]
                let (harmful, harmless) = strengths[own] > strengths[other] ? (own, other) : (other, own)
                guard strengths[harmful] > strengths[harmless], seen.insert([harmful, harmless]).inserted else {
                    continue
                }
                pairs.append(Pair(harmful: harmful, harmless: harmless, gap: strengths[harmful] - strengths[harmless]))
            }
        }
        return pairs
    }
}
