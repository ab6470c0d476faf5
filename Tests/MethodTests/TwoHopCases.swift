// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Compositions of two facts that the tiny model can be asked about.
enum TwoHopCases {
    static let all = [("The mother of Etna", "Rome", "Paris"), ("The tower in Rome", "Mount Etna", "Rome")]
        .enumerated().map { index, words in
            EditCase(
                index: index, id: "\(index)", prompt: "The capital of {} is", subject: words.0, targetNew: words.2,
                bridge: words.1, secondHopPrompt: "The capital of {} is")
        }

    /// The largest difference of two maps of the same cells; infinite where there are none, or not the same number.
    static func spread(_ a: [Location], _ b: [Location]) -> Double {
        guard a.count == b.count, !a.isEmpty else { return .infinity }
        return zip(a, b).map { abs($0.score - $1.score) }.max() ?? .infinity
    }
}
