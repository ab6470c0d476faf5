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
        let wrong = editCase.wrongAnswer.isEmpty ? "" : editCase.following(editCase.wrongAnswer)
        func query(_ set: CompositionSet, _ prompt: String, _ answer: String, _ rival: String = "") -> CompositionQuery
        {
            CompositionQuery(set: set, caseIndex: editCase.index, prompt: prompt, answer: answer, rival: rival)
        }
        return [query(.correction, editCase.filledPrompt, editCase.answer, wrong)]
            + editCase.paraphrasePrompts.map { query(.paraphrase, $0, editCase.answer, wrong) }
            + editCase.related.map { query(.generalization, $0.prompt, $0.answer) }
            + editCase.unrelated.map { query(.specificity, $0.prompt, $0.answer, editCase.answer) }
            + [
                query(.firstHop, editCase.firstHopPrompt, editCase.following(editCase.bridge)),
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

/// How likely the answer of a query is right after its prompt, and its rival where it has one.
struct AnswerProbability {
    var answer: Double
    var rival: Double?
}

/// What a model makes of a query.
struct QueryReading {
    var probability: AnswerProbability
    /// Of the answer, under teacher forcing.
    var rating: TargetRating
}

extension Model {
    /// What the model makes of each query, its answer put in token by token.
    ///
    /// Cost: one pass over prompts and answers, with logits at the answers' places.
    func readings(of queries: [EncodedQuery], tokenBudget: Int) throws -> [QueryReading] {
        var found = [QueryReading?](repeating: nil, count: queries.count)
        let rows = queries.map { ForcedRow(prompt: $0.prompt, target: $0.answer) }
        for batch in try rows.batches(tokenBudget: tokenBudget) {
            let logits = try logits(Forward(batch.tokens, logits: .at(batch.reads)))
            let losses = try batch.losses(logits).scalars(as: Double.self)
            let choices = try batch.choices(logits)
            var next = 0
            for place in batch.places {
                let query = queries[place]
                let reads = next..<next + query.answer.count
                next = reads.upperBound
                // The first read is at the end of the prompt.
                let end = try logits.sliced(0, reads.lowerBound..<reads.lowerBound + 1)
                var probability = AnswerProbability(answer: try end.readings(of: query.answer)[0].probability)
                if !query.rival.isEmpty { probability.rival = try end.readings(of: query.rival)[0].probability }
                found[place] = QueryReading(
                    probability: probability,
                    rating: TargetRating(
                        target: query.answer, losses: Array(losses[reads]), choices: Array(choices[reads])))
            }
        }
        return found.compactMap(\.self)
    }
}
