// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// The examples that a validation leaves out: the ends of the ranking over all queries, and as many at random.
struct LeftOutGroups {
    private(set) var groups: [(choice: ValidationFile.Group.Choice, indices: Set<Int>)] = []

    /// - Parameters:
    ///   - sizes: of the groups. One of the ends is smaller where fewer examples have an influence of its sign, and is not there
    ///     where none has.
    ///   - scores: the file of scores of the estimate.
    ///   - count: the number of examples.
    init(_ sizes: [Int], _ found: InfluenceFile, _ scores: URL, count: Int, seed: Int) throws {
        guard let largest = sizes.max() else { return }
        let ends = try InfluenceRanking(
            scores, queries: found.queries.count, wanted: found.queries.count(where: \.isWanted), top: largest,
            keepsScores: false
        ).overall
        let random = try RandomNumbers(seed: seed).permutation(count).scalars(as: Int.self)
        for size in sizes {
            for choice in ValidationFile.Group.Choice.allCases {
                let order =
                    switch choice {
                    case .promoting: ends.promoting.map(\.index)
                    case .counteracting: ends.counteracting.map(\.index)
                    case .random: random
                    }
                if !order.isEmpty { groups.append((choice, Set(order.prefix(size)))) }
            }
        }
    }
}
