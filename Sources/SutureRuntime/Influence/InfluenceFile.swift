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
    /// Examples without influence on any query, such as those in which nothing is predicted; nil where an older version traced.
    package var zeroCount: Int?
    /// How well the planted examples were found; nil where they are not known.
    package var planted: PlantedFigures?
    package var seconds: [String: Double]
    /// Of the worker, in bytes; nil where the system does not say.
    package var peakMemory: Int?

    package struct Training: Sendable, Codable {
        package var path: String
        package var count: Int
        package var digest: String
        /// Examples that were traced, where these were not all. The others have the influence 0.
        package var traced: Int?
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
