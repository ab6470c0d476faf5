// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Training

/// What is traced: texts that the model should not say, and texts that it should say instead.
struct TracedTexts {
    var unwanted: [MarkedText]
    /// Their influence counts the other way. Empty without a contrast.
    var wanted: [MarkedText] = []

    var all: [MarkedText] { unwanted + wanted }
}

/// What stands against the unwanted texts.
enum Contrast: String, ParameterChoice {
    /// Nothing, as in the paper.
    case none
    /// The cases' answers.
    case answer
    /// The model's own responses in which the annotator marks nothing.
    case unmarked
}

/// Where queries come from: what the model says, or what the cases bring along.
struct QuerySettings: ParameterSet {
    @Parameter(
        "annotator", kind: .annotator, needs: .prompt, needsOtherwise: .prompt,
        help: "Keep those of the model's own responses in which it marks something. Without: the cases' answers.")
    var annotator: ComponentReference?

    @Parameter("samples", in: .nonNegative, unit: "texts", help: "Responses at temperature 1 beside the greedy one.")
    var sampleCount = 1

    @Parameter("max_new_tokens", in: .positive, unit: "tokens", help: "The largest length of a response.")
    var maxNewTokens = 64

    @Parameter(
        "contrast",
        help:
            "Subtract the influence on wanted texts: the cases' answers, or unmarked responses. Unwanted texts compete "
            + "with each other, which this cancels; without it, they count as counteracting each other.")
    var contrast = Contrast.none

    func validate() throws(SutureError) {
        guard contrast != .unmarked || annotator != nil else {
            throw SutureError(
                .invalidArgument, "contrast is unmarked, and there is no annotator that would mark anything",
                hint: "name an annotator, or write contrast: answer")
        }
    }

    /// The queries of some cases, with what stands against them.
    ///
    /// - Throws: `failedPrecondition` where there is none, or nothing stands against them and something should.
    func queries(of cases: [EditCase], on model: Model, seed: Int, in session: Session) throws -> TracedTexts {
        var texts = try marked(of: cases, on: model, seed: seed, in: session)
        switch contrast {
        case .none: texts.wanted = []
        case .answer:
            let unwanted = Set(texts.unwanted)
            texts.wanted = cases.map { MarkedText(prompt: $0.filledPrompt, text: $0.answer) }
                .filter { !$0.text.isEmpty && !unwanted.contains($0) }
            guard !texts.wanted.isEmpty else {
                throw SutureError(
                    .failedPrecondition, "contrast is answer, and no case has an answer beside the unwanted text",
                    hint: "give the wanted answers as answer, and the unwanted ones as wrong_answer or by an annotator")
            }
        case .unmarked:
            guard !texts.wanted.isEmpty else {
                throw SutureError(
                    .failedPrecondition, "contrast is unmarked, and the annotator marks every response",
                    hint: "raise samples, or give wanted answers and write contrast: answer")
            }
        }
        return texts
    }

    /// The cases' own texts, or the responses, with those that are not marked as wanted.
    func marked(
        of cases: [EditCase], on model: Model, seed: Int, in session: Session
    ) throws -> TracedTexts {
        guard let annotator else {
            let given = cases.map {
                MarkedText(prompt: $0.filledPrompt, text: $0.wrongAnswer.isEmpty ? $0.answer : $0.wrongAnswer)
            }.filter { !$0.text.isEmpty }
            guard !given.isEmpty else {
                throw SutureError(
                    .failedPrecondition, "no case has a wrong_answer or an answer, so there is no query",
                    hint: "give one, or name an annotator that chooses among the model's own responses")
            }
            return TracedTexts(unwanted: given)
        }
        let said = try responses(
            to: cases.map(\.filledPrompt), on: model, samples: sampleCount, seed: seed, in: session)
        let marks = try session.annotate(said, with: annotator)
        var seen: Set<MarkedText> = []
        let distinct = zip(said, marks).filter { seen.insert($0.0).inserted }
        let texts = TracedTexts(
            unwanted: distinct.filter { !$1.isEmpty }.map(\.0), wanted: distinct.filter { $1.isEmpty }.map(\.0))
        guard !texts.unwanted.isEmpty else {
            throw SutureError(
                .failedPrecondition, "the annotator marks nothing in the \(said.count) responses, so there is no query",
                hint: "check its settings against what the model says, or raise samples or max_new_tokens")
        }
        return texts
    }

    /// Those of some texts in which the annotator marks nothing; all of them without an annotator.
    func unmarked(_ texts: [MarkedText], in session: Session) throws -> [MarkedText] {
        guard let annotator, !texts.isEmpty else { return texts }
        return zip(texts, try session.annotate(texts, with: annotator)).filter { $1.isEmpty }.map(\.0)
    }

    /// The share of greedy responses to some prompts in which the annotator marks something; nil without an annotator.
    func unwantedRate(after prompts: [String], on model: Model, in session: Session) throws -> Double? {
        guard let annotator, !prompts.isEmpty else { return nil }
        let said = try responses(to: prompts, on: model, samples: 0, seed: 0, in: session)
        let marked = try session.annotate(said, with: annotator).count { !$0.isEmpty }
        return Double(marked) / Double(prompts.count)
    }

    /// What the model says, without texts that are empty: greedy responses first, then those at temperature 1.
    private func responses(
        to prompts: [String], on model: Model, samples: Int, seed: Int, in session: Session
    ) throws -> [MarkedText] {
        let rows = try prompts.map { try model.start($0) }
        var texts: [MarkedText] = []
        func add(_ rows: [[Int]], _ prompts: [String], _ generation: Model.Generation) throws {
            let said = try model.spoken(after: rows, generation) {
                try session.progress("sample", $0, of: rows.count)
            }
            for (place, response) in said.enumerated() {
                let text = try model.text(of: response, after: rows[place])
                if !text.isEmpty { texts.append(MarkedText(prompt: prompts[place], text: text)) }
            }
        }
        try add(rows, prompts, Model.Generation(maxNewTokens: maxNewTokens))
        guard samples > 0 else { return texts }
        func repeated<Value>(_ values: [Value]) -> [Value] { values.flatMap { Array(repeating: $0, count: samples) } }
        try add(
            repeated(rows), repeated(prompts),
            Model.Generation(maxNewTokens: maxNewTokens, temperature: 1, seed: seed))
        return texts
    }
}
