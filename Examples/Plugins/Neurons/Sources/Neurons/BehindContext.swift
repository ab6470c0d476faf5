// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether an edit holds when other text precedes the prompt.
struct BehindContext: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "behind-context", summary: "Whether the new object is still the first choice after other text.",
        requires: [.prompt, .subject, .targetNew])

    @Parameter("context", help: "The text that precedes every prompt.")
    var context = "Yesterday we talked about something else."

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard !cases.isEmpty else { return [] }  // there is nothing to say about the run as a whole
        let model = try session.model
        // All rows share the context, so its keys and values are computed once.
        var opening = Forward(try TokenBatch([model.encode(context, addsSpecialTokens: true)]), logits: .none)
        opening.keepsCache = true
        let cache = try model.forward(opening).requireCache()
        let rows = try cases.map { try model.tokens(of: context, followedBy: " " + $0.filledPrompt).following }
        var pass = Forward(try TokenBatch(rows), logits: .last)
        pass.past = try cache.selecting(rows: cases.map { _ in 0 })
        let choices = try model.logits(pass).argmax().scalars(as: Int.self)
        return try zip(cases, choices).map { editCase, choice in
            let target = try model.tokens(
                of: editCase.filledPrompt, followedBy: editCase.following(editCase.targetNew)
            ).following
            return Score("first_choice", choice == target[0] ? 1 : 0, caseIndex: editCase.index)
        }
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        let metric = Metric.mean(
            of: "first_choice", in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
            protocol: "first token")
        return metric.map { [$0] } ?? []
    }
}
