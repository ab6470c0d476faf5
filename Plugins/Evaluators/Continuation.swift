// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a model says after a prompt.
struct Continuation {
    /// The new tokens, without the end token.
    var tokens: [Int]
    /// The new text, up to the first stop.
    var text: String
    /// The model came to an end; otherwise the length did.
    var isFinished: Bool
}

/// How long a model goes on, for evaluators that let it speak.
struct ContinuationSettings: ParameterSet {
    @Parameter var maxNewTokens: Int
    @Parameter var stops: [String]

    @Parameter(.generatedBatchTokens) var tokenBudget = 8192

    /// Tokens that hold a stop, found once.
    private let stopTokens = StopTokens()

    init(maxNewTokens: Int, stops: [String] = []) {
        _maxNewTokens = Parameter(
            wrappedValue: maxNewTokens, "max_new_tokens", in: .positive, unit: "tokens",
            help: "Tokens after which a generation is cut; the end-of-text token ends it before.")
        _stops = Parameter(
            wrappedValue: stops, "stop", help: "Texts that end a generation, besides the end-of-text token.")
    }

    /// "greedy, at most 64 tokens, until \".\"", for a metric's protocol.
    var protocolName: String {
        let stops = stops.map(\.elementJSON).joined(separator: " or ")
        return "greedy, at most \(maxNewTokens) tokens" + (stops.isEmpty ? "" : ", until \(stops)")
    }

    func validate() throws(SutureError) {
        guard stops.allSatisfy({ !$0.isEmpty }) else {
            throw SutureError(.invalidArgument, "stop has an empty text", hint: "remove it")
        }
    }

    /// What the model says after each prompt. Equal prompts are run once.
    ///
    /// A generation ends at the end-of-text token, at the first stop (which is cut off), at the length, or where the
    /// context is full. Rows share batches, which changes speed, not results.
    func continuations(of prompts: [String], _ model: Model, in session: Session) throws -> [Continuation] {
        var places: [[Int]: Int] = [:]
        var rows: [[Int]] = []
        let chosen = try prompts.map { prompt in
            let tokens = try model.promptTokens(prompt)
            if let place = places[tokens] { return place }
            places[tokens] = rows.count
            rows.append(tokens)
            return rows.count - 1
        }
        let generation = Model.Generation(
            maxNewTokens: maxNewTokens, stopTokens: try stopTokens.holding(stops, model))
        var found = [Continuation?](repeating: nil, count: rows.count)
        var done = 0
        for batch in TokenBatch.batches(ofLengths: rows.map { $0.count + maxNewTokens }, budget: tokenBudget) {
            try session.progress("generate", done, of: rows.count)
            for (row, tokens) in zip(batch, try model.generate(batch.map { rows[$0] }, generation)) {
                found[row] = try continuation(of: rows[row], tokens, model)
            }
            done += batch.count
        }
        return try chosen.map { place in
            guard let continuation = found[place] else {
                throw SutureError(.internal, "a prompt was not continued")
            }
            return continuation
        }
    }

    private func continuation(of prompt: [Int], _ tokens: [Int], _ model: Model) throws(SutureError) -> Continuation {
        var tokens = tokens
        var isFinished = false
        if let last = tokens.last, last == model.info.endToken {
            tokens.removeLast()
            isFinished = true
        }
        let text = try model.text(of: tokens, after: prompt)
        guard let end = stops.compactMap({ text.firstPlace(of: $0) }).min() else {
            return Continuation(tokens: tokens, text: text, isFinished: isFinished)
        }
        return Continuation(tokens: tokens, text: String(text.unicodeScalars.prefix(end)), isFinished: true)
    }
}

extension Model {
    /// The tokens of a prompt to go on from.
    ///
    /// - Throws: `invalidArgument` for one without tokens, `outOfRange` for one that fills the context.
    func promptTokens(_ prompt: String) throws(SutureError) -> [Int] {
        let tokens = try encode(prompt, addsSpecialTokens: true)
        guard !tokens.isEmpty else {
            throw SutureError(.invalidArgument, "a prompt has no tokens", hint: "check the data for empty prompts")
        }
        guard tokens.count < info.contextLength else {
            throw SutureError(
                .outOfRange,
                "a prompt of \(tokens.count) tokens leaves no room in the model's context of \(info.contextLength): "
                    + "\"\(prompt.prefix(40))…\"",
                hint: "leave the case out of the data")
        }
        return tokens
    }
}

/// Tokens whose text holds a stop: generation need not go on after them. Reads the whole vocabulary once.
private final class StopTokens {
    private var known: [[String]: [Int]] = [:]

    func holding(_ stops: [String], _ model: Model) throws(SutureError) -> [Int] {
        guard !stops.isEmpty else { return [] }
        if let tokens = known[stops] { return tokens }
        var tokens: [Int] = []
        for token in 0..<model.info.vocabulary {
            // A vocabulary may be padded with ids that no token has.
            guard let text = try? model.decode([token]) else { continue }
            if stops.contains(where: { text.firstPlace(of: $0) != nil }) { tokens.append(token) }
        }
        known[stops] = tokens
        return tokens
    }
}

extension String {
    /// How many scalars precede the first place of a text; nil where it is not there.
    func firstPlace(of text: String) -> Int? {
        let (scalars, wanted) = (Array(unicodeScalars), Array(text.unicodeScalars))
        guard !wanted.isEmpty, scalars.count >= wanted.count else { return nil }
        return (0...scalars.count - wanted.count).first { scalars[$0...].starts(with: wanted) }
    }
}
