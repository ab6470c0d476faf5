// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// influence.json: what `suture influence` found.
package struct InfluenceFile: Sendable, Codable {
    /// The component that estimated.
    package var estimator: LocationsFile.Locator
    package var model: String
    package var training: Training
    package var queries: [Query]
    /// The examples that matter most to all queries, by the mean over the queries of influence over its root mean square, less
    /// the same over wanted texts.
    package var overall: Ends
    /// How well the planted examples were found; nil where they are not known.
    package var planted: PlantedFigures?
    package var seconds: [String: Double]
    /// Of the worker, in bytes; nil where the system does not say.
    package var peakMemory: Int?

    package struct Training: Sendable, Codable {
        package var path: String
        package var count: Int
        package var digest: String
    }

    package struct Query: Sendable, Codable {
        package var id: String
        /// The model should say this. It counts the other way in the overall ranking.
        package var isWanted: Bool
        package var prompt: String
        package var text: String
        /// Ranges of bytes of the text that an annotator has marked.
        package var marks: [Range<Int>]
        /// The root mean square of its influence over all examples: what the overall ranking divides by.
        package var scale: Double
        package var ends: Ends
    }

    /// The most promoting examples and the most counteracting ones, each strongest first.
    package struct Ends: Sendable, Codable {
        package var promoting: [Listed]
        package var counteracting: [Listed]

        package var all: [Listed] { promoting + counteracting }
    }

    /// An example at the end of a ranking.
    package struct Listed: Sendable, Codable {
        /// From 0.
        package var index: Int
        /// In the training file, from 1.
        package var line: Int
        package var influence: Double
        /// Where the experiment asks for texts.
        package var texts: Texts?
    }

    /// An example beside its query, in tokens. The weight of a token is its share of the influence; of the query's tokens, that
    /// on the example.
    package struct Texts: Sendable, Codable {
        package var prompt: String
        package var text: String
        package var tokens: [String]
        package var weights: [Double]
        package var queryTokens: [String]
        package var queryWeights: [Double]
    }
}

/// How well a ranking finds examples that are known to be planted.
package struct PlantedFigures: Sendable, Codable, Hashable {
    /// Planted examples among those that were ranked.
    package var count: Int
    package var total: Int
    /// The share of planted examples among the first k.
    package var precision: [Precision]
    /// The probability that a planted example is ranked before another one; 0.5 is chance.
    package var auroc: Double

    package struct Precision: Sendable, Codable, Hashable {
        package var k: Int
        package var value: Double
    }

    /// - Parameters:
    ///   - scores: of every example.
    ///   - planted: the indices of those that are planted.
    init(scores: [Double], planted: Set<Int>) {
        count = planted.count
        total = scores.count
        let order = scores.indices.sorted { (scores[$1], $0) < (scores[$0], $1) }
        precision = Set([10, 20, 50, 100, planted.count]).filter { $0 > 0 && $0 <= scores.count }.sorted().map { k in
            Precision(k: k, value: Double(order.prefix(k).count(where: planted.contains)) / Double(k))
        }
        // The sum of ranks (Mann and Whitney 1947), ties counted by half.
        var ranks = [Double](repeating: 0, count: scores.count)
        var start = 0
        let ascending = order.reversed() as [Int]
        while start < ascending.count {
            var end = start
            while end + 1 < ascending.count, scores[ascending[end + 1]] == scores[ascending[start]] { end += 1 }
            for place in start...end { ranks[ascending[place]] = Double(start + end) / 2 + 1 }
            start = end + 1
        }
        let others = scores.count - planted.count
        let sum = planted.reduce(0) { $0 + ranks[$1] }
        auroc =
            planted.isEmpty || others == 0
            ? .nan : (sum - Double(planted.count * (planted.count + 1)) / 2) / Double(planted.count * others)
    }
}
