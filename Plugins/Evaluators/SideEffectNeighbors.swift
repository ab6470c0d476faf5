// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The tokens that ``SideEffects`` looks at beside the error itself.
struct SideEffectNeighbors {
    enum Group: String, CaseIterable {
        /// Other wordings of the prompt: should follow a repair.
        case generalization
        /// Neighbours: should stay.
        case specificity
    }

    /// In the order of the groups' cases; those of a group may be none.
    private(set) var groups: [(name: String, tokens: [ExpectedToken])]

    /// - Another wording has the right token at the place where the two answers part.
    /// - A neighbour with an answer of its own has the first token of that answer; one without has the token that the model
    ///   says there before anything is forced.
    ///
    /// - Parameter model: the one that is measured, with nothing forced on it.
    init(of editCase: EditCase, on model: Model, tokenBudget: Int) throws {
        let wordings = try editCase.paraphrasePrompts.map { try PartingAnswers($0, of: editCase, model).expected }
        var others: [ExpectedToken]
        if editCase.neighborSamples.isEmpty {
            let rows = try editCase.neighborhoodPrompts.map { try model.promptTokens($0) }
            let choices = try model.read(
                rows.map { ForcedRow(prompt: $0, target: [0]) }, .choices, tokenBudget: tokenBudget)
            others = zip(rows, choices).map { ExpectedToken(context: $0, token: $1.choices[0]) }
        } else {
            others = try editCase.neighborSamples.map {
                let joined = try model.tokens(of: $0.filledPrompt, followedBy: editCase.following($0.target))
                return ExpectedToken(context: joined.prompt, token: joined.following[0])
            }
        }
        for token in others {
            try model.requireRoom(for: token.context.count, "the prompt of a neighbour", ofCase: editCase.id)
        }
        groups = [(Group.generalization.rawValue, wordings), (Group.specificity.rawValue, others)]
    }
}
