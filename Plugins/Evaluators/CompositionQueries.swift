// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a composition is measured on.
enum CompositionSet: String, CaseIterable {
    /// The composition itself.
    case correction
    /// Other wordings of it.
    case paraphrase
    /// Compositions with the same first fact and another second one.
    case generalization
    /// Compositions that have nothing to do with it; they must stay as they are.
    case specificity
    /// The first fact alone: phrase to bridge.
    case firstHop = "first_hop"
    /// The second fact alone: bridge to answer.
    case secondHop = "second_hop"
}

/// A prompt with its right answer, and another answer that is watched beside it.
struct CompositionQuery {
    var set: CompositionSet
    var caseIndex: Int
    var prompt: String
    /// As it follows the prompt.
    var answer: String
    /// In corrections and paraphrases what the model said before the edit, in unrelated compositions the answer that the edit is
    /// about; empty where there is none.
    var rival = ""

    /// The queries of a case, set by set.
    static func all(of editCase: EditCase) -> [CompositionQuery] {
        let wrong = editCase.wrongAnswer.isEmpty ? "" : " " + editCase.wrongAnswer
        func query(_ set: CompositionSet, _ prompt: String, _ answer: String, _ rival: String = "") -> CompositionQuery
        {
            CompositionQuery(set: set, caseIndex: editCase.index, prompt: prompt, answer: answer, rival: rival)
        }
        return [query(.correction, editCase.filledPrompt, editCase.answer, wrong)]
            + editCase.paraphrasePrompts.map { query(.paraphrase, $0, editCase.answer, wrong) }
            + editCase.related.map { query(.generalization, $0.prompt, $0.answer) }
            + editCase.unrelated.map { query(.specificity, $0.prompt, $0.answer, editCase.answer) }
            + [
                query(.firstHop, editCase.firstHopPrompt, " " + editCase.bridge),
                query(.secondHop, editCase.guidePrompt, editCase.answer),
            ]
    }
}

/// The tokens of a query.
struct EncodedQuery {
    var prompt: [Int]
    var answer: [Int]
    /// Empty where the query has none.
    var rival: [Int]

    /// - Throws: `invalidArgument`, naming the case, where an answer does not begin with a token of its own.
    init(_ query: CompositionQuery, of editCase: EditCase, _ model: Model) throws(SutureError) {
        do throws(SutureError) {
            (prompt, answer) = try model.continuation(of: query.prompt, by: query.answer)
            rival = query.rival.isEmpty ? [] : try model.continuation(of: query.prompt, by: query.rival).answer
        } catch {
            throw SutureError(
                error.code, "case \(editCase.id), \(query.set.rawValue): \(error.message)", hint: error.hint)
        }
    }
}

extension Model {
    /// The mean single-step probability of each query's answer and of its rival, from the distribution after the prompt.
    ///
    /// Cost: one pass over the prompts, with logits at their ends.
    func probabilities(
        of queries: [EncodedQuery], tokenBudget: Int
    ) throws -> [(answer: Double, rival: Double?)] {
        var found = [(answer: Double, rival: Double?)](repeating: (0, nil), count: queries.count)
        for rows in TokenBatch.batches(ofLengths: queries.map(\.prompt.count), budget: tokenBudget) {
            let batch = try TokenBatch(rows.map { queries[$0].prompt }, device: info.device)
            let logits = try logits(Forward(batch, logits: .last))
            for (place, row) in rows.enumerated() {
                let own = try logits.sliced(0, place..<place + 1)
                let query = queries[row]
                found[row].answer = try own.readings(of: query.answer)[0].probability
                found[row].rival = query.rival.isEmpty ? nil : try own.readings(of: query.rival)[0].probability
            }
        }
        return found
    }
}
