// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Random continuations for the metrics of free text: top-k sampling up to a total length, as ROME generates.
struct SamplingSettings: ParameterSet {
    @Parameter(
        "length", in: .positive, unit: "tokens", help: "Tokens of a text, its prompt included.")
    var length = 100

    @Parameter("top_k", in: .positive, unit: "tokens", help: "Draw each token from this many of the likeliest.")
    var topK = 5

    @Parameter(.generatedBatchTokens) var tokenBudget = 8192

    var protocolName: String { "top-\(topK) sampling, \(length) tokens with the prompt" }

    /// The texts, prompts included, that the model makes of prompts.
    ///
    /// Each is drawn from a stream of its own, fixed by the run's seed and its key, so it does not depend on what else
    /// is run. A text ends at the length, at the end-of-text token (left out), or where the context is full.
    ///
    /// - Parameter prompts: each with the key of its stream.
    func texts(_ prompts: [(text: String, key: Int)], _ model: Model, in session: Session) throws -> [String] {
        let seed = try session.seed
        var rows = try prompts.map { try model.promptTokens($0.text) }
        let limit = min(length, model.info.contextLength)
        let batches = TokenBatch.batches(ofLengths: rows.map { max($0.count, limit) }, budget: tokenBudget)
        var done = 0
        for batch in batches {
            try session.progress("generate", done, of: rows.count)
            var streams = batch.map { RandomStream(seed: seed, key: prompts[$0].key) }
            // Rows of the batch that go on, by their place in it.
            var active = batch.indices.filter { rows[batch[$0]].count < limit }
            done += batch.count
            guard !active.isEmpty else { continue }
            var pass = Forward(try TokenBatch(active.map { rows[batch[$0]] }), logits: .last)
            while true {
                pass.keepsCache = true
                let output = try model.forward(pass)
                let (values, indices) = try output.requireLogits().cast(to: .float32).topK(
                    min(topK, model.info.vocabulary))
                let (scores, tokens) = (try values.scalars(as: Double.self), try indices.scalars(as: Int.self))
                let width = scores.count / active.count
                var going: [Int] = []
                for (place, member) in active.enumerated() {
                    let choices = place * width..<(place + 1) * width
                    let token = tokens[choices.lowerBound + streams[member].draw(logits: scores[choices])]
                    guard token != model.info.endToken else { continue }
                    rows[batch[member]].append(token)
                    if rows[batch[member]].count < limit { going.append(place) }
                }
                guard !going.isEmpty else { break }
                active = going.map { active[$0] }
                pass = Forward(try TokenBatch(active.map { rows[batch[$0]].suffix(1) }), logits: .last)
                pass.past = try output.requireCache().selecting(rows: going)
            }
        }
        return try rows.map { try model.decode($0) }
    }
}

extension EditCase {
    /// The prompts for free text, each with the key of its stream; the edit prompt where there are no others.
    var samplingPrompts: [(text: String, key: Int)] {
        let prompts = generationPrompts.isEmpty ? [filledPrompt] : generationPrompts
        return prompts.enumerated().map { ($1, index * 1_000 + $0) }
    }
}
