// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Neighbours must keep their object (NME): Baghel, Jordan, Shi, Li 2025.
///
/// Delta is added at the last token of the neighbour's subject, too. So a direction that pushes any subject towards the
/// new object costs something.
package struct NeighborObjective: ValueObjective {
    package var templates: ContextTemplates
    package var settings: NeighborSettings
    package var token: FactToken

    package func rows(for editCase: EditCase, _ model: Model) throws -> [ValueRow] {
        guard settings.count > 0 else { return [] }
        // The first of the sampled templates; the plain prompt where there is none.
        let context = templates.all.dropFirst().first ?? "{}"
        let newCount = try model.tokens(
            of: editCase.filledPrompt, followedBy: editCase.following(editCase.targetNew)
        ).following.count
        return try editCase.neighborSamples.prefix(settings.count).map { neighbor in
            let target = try model.tokens(
                of: neighbor.filledPrompt, followedBy: editCase.following(neighbor.target)
            ).following
            guard let prompt = neighbor.subjectPrompt else {
                throw SubjectLookup.noSlot(neighbor.prompt, neighbor.subject, editCase.id)
            }
            let lookup = try SubjectLookup(prompt.within(context), token: token, model: model, case: editCase.id)
            let count = settings.length == .own ? target.count : newCount
            return ValueRow(
                tokens: lookup.tokens + target.dropLast(), lookup: lookup.index,
                term: .neighbor(target, count: count, weight: settings.weight))
        }
    }
}

/// The settings of neighbours.
package struct NeighborSettings: ParameterSet {
    /// What the summed -log p of a neighbour's object is divided by.
    package enum Length: String, ParameterChoice {
        /// Its own number of tokens.
        case own
        /// That of the new object, as in the published code: objects of another length count more or less.
        case newObject = "new_object"
    }

    @Parameter(
        "neighbors", in: .nonNegative, needs: .neighborSamples,
        help: "Neighbours of each case whose object the value must leave alone (NME); 0: none.")
    package var count = 0

    @Parameter(
        "neighbor_weight", in: .positive,
        help: "How much a neighbour counts against one row of the new object; 1 is the published plain mean.")
    package var weight = 1.0

    @Parameter(
        "neighbor_length",
        help: "What a neighbour's likelihood is divided by: its object's own length, or as published the new object's.")
    package var length = Length.own
}
