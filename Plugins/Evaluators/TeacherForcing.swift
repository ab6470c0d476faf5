// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How a model rates an object behind a prompt when the object's own tokens are put in, one after the other.
struct Rating: Sendable, Hashable {
    /// The mean over the object's tokens of −log p, in nats.
    var negativeLogLikelihood = 0.0
    /// The model's first choice in each token's place.
    var choices: [Int] = []
    /// How many tokens of the object are the first choice in their place.
    var hits = 0

    /// Every token of the object is the model's first choice.
    var isFirstChoice: Bool { hits == choices.count && hits > 0 }
    /// The share of tokens that are the first choice.
    var hitRate: Double { choices.isEmpty ? 0 : Double(hits) / Double(choices.count) }

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

    /// The request of a prompt with a whole answer, which follows it without a space.
    ///
    /// - Parameter endToken: what counts as the answer's last token, if anything.
    /// - Throws: `outOfRange` where prompt and answer exceed the model's context.
    init(_ prompt: String, answer: String, endToken: Int?, _ model: Model) throws(SutureError) {
        let ids = try model.encode(prompt, addsSpecialTokens: true)
        let whole = try model.encode(prompt + answer, addsSpecialTokens: true)
        var answer = whole.starts(with: ids) ? Array(whole[ids.count...]) : try model.encode(answer)
        if let endToken { answer.append(endToken) }
        guard ids.count + answer.count - 1 <= model.info.contextLength else {
            throw SutureError(
                .outOfRange,
                "prompt and answer have \(ids.count + answer.count) tokens, the model's context "
                    + "\(model.info.contextLength): \"\(prompt.prefix(40))…\"",
                hint: "leave the case out of the data")
        }
        self.prompt = ids
        objects = [answer]
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
                        choices: Array(choices[range]),
                        hits: zip(choices[range], targets[range]).count { $0 == $1 })
                }
            }
        }
        return ratings
    }
}
