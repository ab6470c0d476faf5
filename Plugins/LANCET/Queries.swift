// SPDX-License-Identifier: Apache-2.0

import SutureKit
import Training

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

    /// The queries of some cases.
    ///
    /// - Throws: `failedPrecondition` where there is none.
    func queries(of cases: [EditCase], on model: Model, seed: Int, in session: Session) throws -> [MarkedText] {
        guard let annotator else {
            let given = cases.map {
                MarkedText(prompt: $0.filledPrompt, text: $0.wrongAnswer.isEmpty ? $0.answer : $0.wrongAnswer)
            }.filter { !$0.text.isEmpty }
            guard !given.isEmpty else {
                throw SutureError(
                    .failedPrecondition, "no case has a wrong_answer or an answer, so there is no query",
                    hint: "give one, or name an annotator that chooses among the model's own responses")
            }
            return given
        }
        let said = try responses(
            to: cases.map(\.filledPrompt), on: model, samples: sampleCount, seed: seed, in: session)
        let marks = try session.annotate(said, with: annotator)
        var seen: Set<MarkedText> = []
        let queries = zip(said, marks).filter { !$1.isEmpty }.map(\.0).filter { seen.insert($0).inserted }
        guard !queries.isEmpty else {
            throw SutureError(
                .failedPrecondition, "the annotator marks nothing in the \(said.count) responses, so there is no query",
                hint: "check its settings against what the model says, or raise samples or max_new_tokens")
        }
        return queries
    }

    /// The share of greedy responses to some prompts in which the annotator marks something.
    func unwantedRate(after prompts: [String], on model: Model, in session: Session) throws -> Double {
        guard let annotator, !prompts.isEmpty else { return 0 }
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
