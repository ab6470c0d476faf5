// SPDX-License-Identifier: Apache-2.0

/// How a model rates a target after a prompt when the target's own tokens are put in, one after the other.
public struct TargetRating: Sendable, Hashable {
    /// −log p of each token of the target, in nats.
    public var losses: [Double]
    /// The model's first choice in each token's place.
    public var choices: [Int]
    /// How many tokens of the target are the first choice in their place.
    public var hits: Int

    /// A rating from what was read at each token.
    public init(target: [Int], losses: [Double], choices: [Int]) {
        self.losses = losses
        self.choices = choices
        hits = zip(target, choices).count { $0 == $1 }
    }

    /// The mean over the target's tokens of −log p, in nats; 0 for a target without tokens.
    public var negativeLogLikelihood: Double { losses.isEmpty ? 0 : losses.reduce(0, +) / Double(losses.count) }
    /// −log p of the whole target, in nats.
    public var totalNegativeLogLikelihood: Double { losses.reduce(0, +) }
    /// The geometric mean of the tokens' probabilities: targets of different lengths can be compared.
    public var probability: Double { exponential(-negativeLogLikelihood) }
    /// Every token of the target is the model's first choice, and there is one.
    public var isFirstChoice: Bool { hits == choices.count && hits > 0 }
    /// The share of tokens that are the first choice; 0 for a target without tokens.
    public var hitRate: Double { choices.isEmpty ? 0 : Double(hits) / Double(choices.count) }
}

/// A prompt with the targets to rate after it, as token ids.
public struct TargetRequest: Sendable, Hashable {
    /// At least one token.
    public var prompt: [Int]
    /// Each of at least one token.
    public var targets: [[Int]]

    /// A request of token ids.
    public init(prompt: [Int], targets: [[Int]]) {
        self.prompt = prompt
        self.targets = targets
    }

    /// The request of one prompt with several objects, each of which follows it after the joint of its case.
    ///
    /// - Parameter joint: what is put between prompt and object: ``EditCase/joint``.
    /// - Throws: `invalidArgument` for an object without tokens.
    public init(_ prompt: String, objects: [String], joint: String = " ", _ model: Model) throws(SutureError) {
        self.init(prompt: [], targets: [])
        for object in objects {
            let encoded = try model.encode(prompt: prompt, target: object, joint: joint)
            self.prompt = encoded.prompt
            targets.append(encoded.target)
        }
    }

    /// The rows to run. A target of one token shares the row of a longer one, since its prediction is that of the
    /// prompt alone.
    fileprivate var rows: [(row: ForcedRow, targets: [Int])] {
        var groups = targets.indices.filter { targets[$0].count > 1 }.map { [$0] }
        if groups.isEmpty { groups = [[]] }
        groups[0] += targets.indices.filter { targets[$0].count == 1 }
        return groups.map { group in
            let longest = group.first.map { targets[$0] } ?? []
            var row = ForcedRow(prompt: prompt, target: longest)
            for short in group.dropFirst() { row.reads += ForcedRow(prompt: prompt, target: targets[short]).reads }
            return (row, group)
        }
    }
}

extension Model {
    /// Rates every target of every request, in their order. Records nothing for gradients.
    ///
    ///     let request = try TargetRequest("The Eiffel Tower is in", objects: ["Paris", "Rome"], model)
    ///     let ratings = try model.ratings(of: [request], tokenBudget: 8192)[0]
    ///     let prefersParis = ratings[0].negativeLogLikelihood < ratings[1].negativeLogLikelihood
    ///
    /// Rows share batches of at most `tokenBudget` tokens, which changes speed and memory, not results. Cost: one pass
    /// over each prompt once for every target of more than one token.
    ///
    /// - Throws: what ``forward(_:)`` throws, and `outOfRange` for a prompt with a target that exceeds the context.
    public func ratings(of requests: [TargetRequest], tokenBudget: Int) throws -> [[TargetRating]] {
        let rows = requests.enumerated().flatMap { i, request in
            request.rows.map { (request: i, row: $0.row, targets: $0.targets) }
        }
        let readings = try read(rows.map(\.row), tokenBudget: tokenBudget)
        var ratings = requests.map { request in
            request.targets.map { TargetRating(target: $0, losses: [], choices: []) }
        }
        for (row, reading) in zip(rows, readings) {
            var next = 0
            for place in row.targets {
                let target = requests[row.request].targets[place]
                let range = next..<next + target.count
                next = range.upperBound
                ratings[row.request][place] = TargetRating(
                    target: target, losses: Array(reading.losses[range]), choices: Array(reading.choices[range]))
            }
        }
        return ratings
    }
}
