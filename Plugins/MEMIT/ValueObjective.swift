// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// One prompt of what a value is optimised for: what is run, where delta is added, and what the loss reads.
struct ValueRow {
    enum Term {
        /// The mean of -log p over these tokens, whose predictions end the row. A case's loss is the mean over such
        /// rows.
        case likelihood([Int])
        /// KL(edited ‖ unedited) of the prediction at the lookup token. Mean over such rows, times `kl_factor`.
        case divergence
    }

    /// The prompt and, for a likelihood, all target tokens but the last.
    var tokens: [Int]
    /// Delta is added here.
    var lookup: Int
    var term: Term

    var isDivergence: Bool { if case .divergence = term { true } else { false } }

    /// The tokens from which the loss reads a prediction, with the target of each (none for a divergence).
    var reads: [(position: Int, target: Int?)] {
        switch term {
        case .likelihood(let target): zip(tokens.count - target.count..<tokens.count, target).map { ($0, $1) }
        case .divergence: [(lookup, nil)]
        }
    }
}

/// A part of what a value is optimised for. Parts are independent: a method lists those it wants.
protocol ValueObjective {
    func rows(for editCase: EditCase, _ model: Model) throws -> [ValueRow]
}

/// The new object shall follow the prompt, in every context.
struct RewriteObjective: ValueObjective {
    var templates: ContextTemplates
    var token: FactToken

    func rows(for editCase: EditCase, _ model: Model) throws -> [ValueRow] {
        let target = try model.encode(prompt: editCase.filledPrompt, target: editCase.targetNew).target
        // Ids are joined, not texts: the boundary cannot move.
        return try templates.lookups(of: editCase, token, model).map {
            ValueRow(tokens: $0.tokens + target.dropLast(), lookup: $0.index, term: .likelihood(target))
        }
    }
}

/// What the subject is shall stay: the prediction behind it in "{} is a".
struct EssenceObjective: ValueObjective {
    var token: FactToken

    func rows(for editCase: EditCase, _ model: Model) throws -> [ValueRow] {
        let prompt = try SubjectLookup(
            template: "{} is a", subject: editCase.subject, token: token, model: model, case: editCase.id)
        return [ValueRow(tokens: prompt.tokensThroughLookup, lookup: prompt.index, term: .divergence)]
    }
}
