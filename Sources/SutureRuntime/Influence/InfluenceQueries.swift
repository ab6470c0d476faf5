// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureModel

/// What is traced to training examples: prompts with what the model says after them and should not.
struct InfluenceQueries: Codable {
    struct Query: Codable {
        /// The data set's own name of the case.
        var id: String
        var text: MarkedText
    }

    var queries: [Query]
    /// Texts that the model should say instead, whose influence counts the other way.
    var wanted: [Query] = []
    /// Responses that were looked at.
    var looked: Int

    /// Rows that are continued at once.
    private static let rowsPerCall = 32

    /// None yet.
    init() { (queries, looked) = ([], 0) }

    /// The cases' own texts: marked generations, else the wrong answer, else the answer, else the new target.
    ///
    /// - Throws: `usage` for a case without any.
    init(givenBy cases: [EditCase]) throws(RuntimeError) {
        queries = []
        for editCase in cases {
            if !editCase.generations.isEmpty {
                queries += editCase.generations.filter { !$0.marks.isEmpty }.map { Query(id: editCase.id, text: $0) }
                continue
            }
            let target = editCase.targetNew.isEmpty ? "" : editCase.following(editCase.targetNew)
            let own = [editCase.wrongAnswer, editCase.answer, target].first { !$0.isEmpty }
            guard let own else {
                throw RuntimeError(
                    .usage, "case \(editCase.id) has no answer, so there is nothing to trace",
                    hint: "give the unwanted answers, or set influence.annotator, and the model's own are taken")
            }
            queries.append(Query(id: editCase.id, text: MarkedText(prompt: editCase.filledPrompt, text: own)))
        }
        looked = queries.count
        try check(annotator: nil)
    }

    /// What the model says after the cases' prompts, greedily, where the annotator marks something in it.
    ///
    /// - Parameter annotate: the marks of each text.
    /// - Throws: `usage` where nothing is marked.
    init(
        saidBy model: LanguageModel, after cases: [EditCase], maxNewTokens: Int, annotator: String,
        progress: (_ done: Int, _ total: Int) throws -> Void, annotate: ([MarkedText]) throws -> [[Range<Int>]]
    ) throws {
        queries = []
        let cases = cases.filter { !$0.prompt.isEmpty }
        for start in stride(from: 0, to: cases.count, by: Self.rowsPerCall) {
            try progress(start, cases.count)
            let chunk = cases[start..<min(start + Self.rowsPerCall, cases.count)]
            let prompts = try chunk.map { try model.tokenizer.encode($0.filledPrompt, addSpecialTokens: true).ids }
            let said = try model.generate(prompts, Model.Generation(maxNewTokens: maxNewTokens))
            var texts: [MarkedText] = []
            for (editCase, row) in zip(chunk, zip(prompts, said)) {
                let text = try model.tokenizer.continuation(row.1, after: row.0)
                texts.append(MarkedText(prompt: editCase.filledPrompt, text: text))
            }
            for (editCase, (text, marks)) in zip(chunk, zip(texts, try annotate(texts)))
            where !marks.isEmpty && !text.text.isEmpty {
                queries.append(
                    Query(id: editCase.id, text: MarkedText(prompt: text.prompt, text: text.text, marks: marks)))
            }
        }
        looked = cases.count
        try check(annotator: annotator)
    }

    /// Sets the cases' answers against the queries.
    ///
    /// - Throws: `usage` where no case has an answer that is not a query itself.
    mutating func contrast(withAnswersOf cases: [EditCase]) throws(RuntimeError) {
        let unwanted = Set(queries.map { [$0.text.prompt, $0.text.text] })
        wanted = cases.map {
            Query(id: $0.id, text: MarkedText(prompt: $0.filledPrompt, text: $0.answer))
        }.filter { !$0.text.text.isEmpty && !unwanted.contains([$0.text.prompt, $0.text.text]) }
        guard wanted.isEmpty else { return }
        throw RuntimeError(
            .usage, "influence.contrast is answer, and no case has an answer beside the unwanted text",
            hint: "give the wanted answers as answer, and unwanted ones as wrong_answer or by influence.annotator")
    }

    /// The queries, and behind them the wanted texts.
    var all: [Query] { queries + wanted }

    private func check(annotator: String?) throws(RuntimeError) {
        guard queries.isEmpty else { return }
        guard let annotator else {
            throw RuntimeError(
                .usage, "no case has an answer with marks, so there is nothing to trace", hint: "give unwanted answers")
        }
        throw RuntimeError(
            .usage,
            "\(annotator) marks nothing in what the model says after \(looked) prompts, so there is nothing to trace",
            hint: "give other prompts, another annotator, or unwanted answers without an annotator")
    }
}
