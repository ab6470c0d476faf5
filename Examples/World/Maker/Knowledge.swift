// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a model knows of the world: shares of prompts that it answers rightly.
///
/// A prompt counts where every token of the true object, with a space in front, is the most likely one given the prompt
/// and the object's tokens before it.
struct Knowledge {
    let facts: Double
    let paraphrases: Double
    let neighbours: Double

    /// Prompts that are run at once.
    private static let batch = 64

    private struct Question {
        let prompt: [Int]
        let answer: [Int]
    }

    /// Asks for all facts, paraphrases and neighbours of the records. Needs no gradients.
    init(of model: TrainingModel, records: [RecordBuilder.Record], codec: BytePairCodec) throws(SutureError) {
        func share(_ prompts: (RecordBuilder.Record) -> [String]) throws(SutureError) -> Double {
            let questions = records.flatMap { record in
                let answer = codec.encode(" " + record.fact.object)
                return prompts(record).map { Question(prompt: codec.encode($0), answer: answer) }
            }
            return try Self.share(of: questions, known: model)
        }
        facts = try share { [$0.relation.phrases[0].filled(with: $0.fact.subject)] }
        paraphrases = try share(\.paraphrasePrompts)
        neighbours = try share { $0.neighbours.map(\.text) }
    }

    private static func share(of questions: [Question], known model: TrainingModel) throws(SutureError) -> Double {
        // Prompts of similar length are together, so that there is little padding.
        let sorted = questions.sorted { $0.prompt.count + $0.answer.count < $1.prompt.count + $1.answer.count }
        var right = 0
        var rest = sorted[...]
        while !rest.isEmpty {
            right += try rightAnswers(Array(rest.prefix(batch)), model)
            rest = rest.dropFirst(batch)
        }
        return Double(right) / Double(questions.count)
    }

    private static func rightAnswers(_ questions: [Question], _ model: TrainingModel) throws(SutureError) -> Int {
        let texts = questions.map { $0.prompt + $0.answer }
        let length = texts.map(\.count).max() ?? 0
        // The padding of a row comes after its answer and is never looked at.
        let rows = texts.flatMap { $0 + Array(repeating: 0, count: length - $0.count) }
        let best = try model(Tensor(rows, shape: [texts.count, length])).logits.argmax()
        let tokens: [Int] = try best.scalars()
        return questions.indices.count { row in
            let first = row * length + questions[row].prompt.count - 1
            return tokens[first..<first + questions[row].answer.count].elementsEqual(questions[row].answer)
        }
    }
}
