// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// One prompt of what a value is optimised for: what is run, where delta is added, and what the loss reads.
package struct ValueRow {
    package enum Term {
        /// The new object: the mean of -log p over these tokens, whose predictions end the row.
        case rewrite([Int])
        /// The object of a neighbour: the sum of -log p over these tokens by `count`. It counts `weight` times as much
        /// as a row of the new object.
        case neighbor([Int], count: Int, weight: Double)
        /// KL(edited ‖ unedited) of the prediction at the lookup token. Mean over such rows, times `kl_factor`.
        case divergence
    }

    /// The prompt and, for an object, all its tokens but the last.
    package var tokens: [Int]
    /// Delta is added here.
    package var lookup: Int
    package var term: Term

    package init(tokens: [Int], lookup: Int, term: Term) {
        self.tokens = tokens
        self.lookup = lookup
        self.term = term
    }

    package var isDivergence: Bool { if case .divergence = term { true } else { false } }
    package var isRewrite: Bool { if case .rewrite = term { true } else { false } }

    /// The tokens whose likelihood the row reads.
    package var target: [Int] {
        switch term {
        case .rewrite(let target), .neighbor(let target, _, _): target
        case .divergence: []
        }
    }

    /// What the sum over the target is divided by.
    var count: Int { if case .neighbor(_, let count, _) = term { count } else { target.count } }

    /// How much the row counts in the mean over a case's rows.
    var weight: Double { if case .neighbor(_, _, let weight) = term { weight } else { 1 } }

    /// The row with what the loss reads from it: the tokens of the object, which end the row. A divergence reads the
    /// prediction at the lookup token, of which no target is asked.
    package var forced: ForcedRow {
        if isDivergence {
            return ForcedRow(tokens: tokens, reads: [TokenRead(position: lookup, target: 0)])
        }
        return ForcedRow(prompt: Array(tokens[..<(tokens.count + 1 - target.count)]), target: target)
    }
}

/// A part of what a value is optimised for. Parts are independent: a method lists those it wants.
package protocol ValueObjective {
    func rows(for editCase: EditCase, _ model: Model) throws -> [ValueRow]
}

/// The new object must follow the prompt, in every context.
package struct RewriteObjective: ValueObjective {
    package var templates: ContextTemplates
    package var token: FactToken

    package init(templates: ContextTemplates, token: FactToken) {
        self.templates = templates
        self.token = token
    }

    package func rows(for editCase: EditCase, _ model: Model) throws -> [ValueRow] {
        let target = try model.tokens(
            of: editCase.filledPrompt, followedBy: editCase.following(editCase.targetNew)
        ).following
        // Ids are joined, not texts: the boundary cannot move.
        return try templates.lookups(of: editCase, token, model).map {
            ValueRow(tokens: $0.tokens + target.dropLast(), lookup: $0.index, term: .rewrite(target))
        }
    }
}

/// What the subject is must stay: the prediction after it in "{} is a".
package struct EssenceObjective: ValueObjective {
    package var token: FactToken

    package init(token: FactToken) { self.token = token }

    package func rows(for editCase: EditCase, _ model: Model) throws -> [ValueRow] {
        let prompt = try SubjectLookup(
            template: "{} is a", subject: editCase.subject, token: token, model: model, case: editCase.id)
        return [ValueRow(tokens: prompt.tokensThroughLookup, lookup: prompt.index, term: .divergence)]
    }
}
