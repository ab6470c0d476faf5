// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How a model rates an object behind a prompt when the object's own tokens are put in, one after the other.
struct Rating: Sendable, Hashable {
    /// The mean over the object's tokens of −log p, in nats.
    var negativeLogLikelihood = 0.0
    /// Every token of the object is the model's first choice.
    var isFirstChoice = false

    /// The geometric mean over tokens: objects of different lengths can be compared.
    var probability: Double { exponential(-negativeLogLikelihood) }
}

/// A prompt with the objects to rate behind it, as token ids.
struct RatingRequest {
    var prompt: [Int]
    var objects: [[Int]]

    /// The requests of one prompt with several objects as texts.
    init(_ prompt: String, objects: [String], _ model: Model) throws(SutureError) {
        self.prompt = []
        self.objects = []
        for object in objects {
            let encoded = try model.encode(prompt: prompt, target: object)
            self.prompt = encoded.prompt
            self.objects.append(encoded.target)
        }
    }

    /// The rows to run, each with the objects that are read from it. An object of one token needs no row of its own.
    fileprivate func rows(of request: Int) -> [ForcedRow] {
        var rows = objects.indices.filter { objects[$0].count > 1 }.map {
            ForcedRow(request: request, tokens: prompt + objects[$0].dropLast(), objects: [$0])
        }
        if rows.isEmpty { rows = [ForcedRow(request: request, tokens: prompt, objects: [])] }
        rows[0].objects += objects.indices.filter { objects[$0].count == 1 }
        return rows
    }
}

private struct ForcedRow {
    var request: Int
    var tokens: [Int]
    /// Indices into the request's objects.
    var objects: [Int]
}

extension Model {
    /// Rates every object of every request, in their order.
    ///
    /// Rows share batches of at most `tokenBudget` tokens, which changes speed and memory, not results.
    func ratings(of requests: [RatingRequest], tokenBudget: Int) throws -> [[Rating]] {
        let rows = requests.enumerated().flatMap { $0.element.rows(of: $0.offset) }
        var ratings = requests.map { [Rating](repeating: Rating(), count: $0.objects.count) }
        for batch in TokenBatch.batches(ofLengths: rows.map(\.tokens.count), budget: tokenBudget) {
            var reads: [TokenIndex] = []
            var targets: [Int] = []
            for (i, row) in batch.map({ rows[$0] }).enumerated() {
                let first = requests[row.request].prompt.count - 1
                for object in row.objects.map({ requests[row.request].objects[$0] }) {
                    reads += object.indices.map { TokenIndex(row: i, position: first + $0) }
                    targets += object
                }
            }
            let output = try forward(Forward(try TokenBatch(batch.map { rows[$0].tokens }), logits: .at(reads)))
            guard let logits = output.logits else { throw SutureError(.internal, "the model returned no logits") }
            let losses = try logits.cast(to: .float32)
                .crossEntropy(Tensor(targets, device: logits.device), reduction: .none).scalars(as: Double.self)
            let choices = try logits.argmax().scalars(as: Int.self)

            var next = 0
            for row in batch.map({ rows[$0] }) {
                for object in row.objects {
                    let range = next..<next + requests[row.request].objects[object].count
                    next = range.upperBound
                    ratings[row.request][object] = Rating(
                        negativeLogLikelihood: losses[range].reduce(0, +) / Double(range.count),
                        isFirstChoice: choices[range] == targets[range])
                }
            }
        }
        return ratings
    }
}
