// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Continues prompts token by token, with a cache of keys and values.
struct Generator {
    let model: LanguageModel
    let settings: Model.Generation

    /// New tokens of each row, the ending token included. Rows that have ended are dropped from the batch, so a long row
    /// does not pay for short ones. Each draws from a stream of its own (``Model/Generation/streams``).
    func run(_ rows: [[Int]]) throws -> [[Int]] {
        guard settings.maxNewTokens > 0 else { return rows.map { _ in [] } }
        let stops = model.endTokens.union(settings.stopTokens)
        var streams: [RandomNumbers] = []
        if settings.temperature > 0 {
            for row in rows.indices {
                let stream = settings.streams?[row] ?? row
                streams.append(try RandomNumbers(seed: settings.seed &* 1_000_003 &+ stream))
            }
        }
        var results = rows.map { _ in [Int]() }
        return try withoutGradients {
            var pass = Forward(try TokenBatch(rows), logits: .last)
            pass.keepsCache = true
            var (output, cache) = try model.transformer.run(pass, past: nil)
            // Rows of the batch that still go on, by their index in `rows`.
            var active = Array(rows.indices)
            while true {
                guard let logits = output.logits else { return results }
                let next = try choose(logits, active.map { settings.temperature > 0 ? streams[$0] : nil })
                var going: [Int] = []
                for (place, row) in active.enumerated() {
                    results[row].append(next[place])
                    let isFull = rows[row].count + results[row].count >= model.configuration.contextLength
                    if !stops.contains(next[place]) && results[row].count < settings.maxNewTokens && !isFull {
                        going.append(place)
                    }
                }
                guard !going.isEmpty, let past = cache else { return results }
                let kept = going.count == active.count ? past : try past.selectingGenerated(rows: going)
                active = going.map { active[$0] }
                // A text that has become long has other positions in some models, and is run again as a whole.
                let isRunAgain = active.contains { becomesLong(rows[$0].count + results[$0].count) }
                let step = isRunAgain ? active.map { rows[$0] + results[$0] } : going.map { [next[$0]] }
                pass = Forward(try TokenBatch(step), logits: .last)
                pass.keepsCache = true
                (output, cache) = try model.transformer.run(pass, past: isRunAgain ? nil : kept)
            }
        }
    }

    /// Whether a text of this length is the first that is long.
    private func becomesLong(_ length: Int) -> Bool {
        model.configuration.rotaries.contains { $0.long.map { length == $0.above + 1 } ?? false }
    }

    /// The next token of each row of logits `[row, vocabulary]`.
    private func choose(_ logits: Tensor, _ streams: [RandomNumbers?]) throws -> [Int] {
        guard settings.temperature > 0 else { return try logits.argmax(-1).scalars(as: Int.self) }
        var tokens: [Int] = []
        for (row, stream) in streams.enumerated() {
            guard let stream else { continue }
            tokens.append(try sample(logits[row].cast(to: .float32, device: .cpu) / settings.temperature, stream))
        }
        return tokens
    }

    /// Draws from one row `[vocabulary]`: from the `topK` likeliest tokens, and of these from the fewest that hold
    /// `topP` of the mass.
    private func sample(_ logits: Tensor, _ stream: RandomNumbers) throws -> Int {
        let limit = settings.topK > 0 ? min(settings.topK, logits.count) : logits.count
        if limit == logits.count, settings.topP >= 1 {
            // Nothing is left out, so nothing need be sorted, which would take longer than a pass of a small model.
            return try Int(stream.multinomial(logits.softmax()).item())
        }
        let (values, indices) = try logits.topK(limit)
        var weights = try values.softmax()
        if settings.topP < 1 {
            // A token counts while the mass before it is below topP, so the first always does.
            let before = try weights.cumulativeSum(-1) - weights
            weights = try before.less(settings.topP).choose(weights, weights * 0)
        }
        let place = try Int(stream.multinomial(weights).item())
        return try Int(indices.select(0, place).item())
    }
}

extension KeyValues {
    /// Some rows with all of their tokens. This is allowed for caches of generated tokens, too.
    fileprivate func selectingGenerated(rows: [Int]) throws(SutureError) -> KeyValues {
        try selecting(rows: rows, lengths: rows.map { lengths[$0] })
    }
}

extension LanguageModel {
    /// Continues each row, with a cache of keys and values. Returns the new tokens of each, the ending token included.
    public func generate(_ rows: [[Int]], _ settings: Model.Generation) throws -> [[Int]] {
        try Generator(model: self, settings: settings).run(rows)
    }
}
