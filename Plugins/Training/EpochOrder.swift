// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Places in random order, epoch after epoch.
package struct EpochOrder {
    private let epoch: [Int]
    private let random: RandomNumbers
    private var rest: [Int] = []

    /// - Parameter epoch: what an epoch takes; a place may come more than once.
    package init(_ epoch: [Int], random: RandomNumbers) {
        self.epoch = epoch
        self.random = random
    }

    /// The next places; none where an epoch is empty.
    package mutating func next(_ count: Int) throws -> [Int] {
        guard !epoch.isEmpty else { return [] }
        var chosen: [Int] = []
        while chosen.count < count {
            if rest.isEmpty { rest = try random.permutation(epoch.count).scalars(as: Int.self).map { epoch[$0] } }
            chosen.append(rest.removeLast())
        }
        return chosen
    }
}
