// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A case's prompt and reference answer as token ids, for teacher forcing: every prediction of the answer is read
/// after the prompt and the reference tokens before it, never after the model's own.
struct ReferenceAnswer {
    let editCase: EditCase
    var prompt: [Int]
    var answer: [Int]

    /// The answer's ids are those that it has after the prompt; where the two would share a token, it is tokenised apart.
    init(_ editCase: EditCase, limit: Int?, _ model: Model) throws(SutureError) {
        self.editCase = editCase
        guard !editCase.filledPrompt.isEmpty, !editCase.answer.isEmpty else {
            throw SutureError(
                .invalidArgument,
                "case \(editCase.id): the \(editCase.filledPrompt.isEmpty ? "prompt" : "answer") has no tokens",
                hint: "check the data set")
        }
        let joined = try model.tokens(of: editCase.filledPrompt, followedBy: editCase.answer)
        prompt = joined.prompt
        answer = Array(joined.following.prefix(limit ?? .max))
        try model.requireRoom(for: forced.count, "the prompt with its answer", ofCase: editCase.id)
    }

    /// Other tokens of the same case.
    init(_ other: ReferenceAnswer, prompt: [Int], answer: [Int]) {
        editCase = other.editCase
        (self.prompt, self.answer) = (prompt, answer)
    }

    var caseIndex: Int { editCase.index }
    var id: String { editCase.id }

    /// What is run to read every prediction of the answer.
    var forced: [Int] { prompt + answer.dropLast() }

    /// Everything before an answer token.
    func context(of token: Int) -> [Int] { prompt + answer[..<token] }

    /// The position from which an answer token is predicted.
    func position(of token: Int) -> Int { prompt.count - 1 + token }

    /// The answer tokens that are not the model's first choice.
    func failures(_ choices: [Int]) -> [Int] { answer.indices.filter { choices[$0] != answer[$0] } }
}

/// One answer token that the model gets wrong.
struct Failure {
    var answer: ReferenceAnswer
    /// Which of the answer's tokens.
    var token: Int
    /// What the model says instead.
    var choice: Int

    var target: Int { answer.answer[token] }
    var context: [Int] { answer.context(of: token) }
    var position: Int { answer.position(of: token) }

    /// The failing token as an answer of its own, after everything before it.
    var only: ReferenceAnswer { ReferenceAnswer(answer, prompt: context, answer: [target]) }

    /// What a repair of this token alone runs and reads.
    var row: RepairRow {
        RepairRow(tokens: context, reads: [RepairRead(position: position, target: target, choice: choice)])
    }
}

extension Model {
    /// The model's first choice for every token of every answer, under teacher forcing.
    func choices(for answers: [ReferenceAnswer], tokenBudget: Int) throws -> [[Int]] {
        let rows = answers.map { ForcedRow(prompt: $0.prompt, target: $0.answer) }
        return try read(rows, .choices, tokenBudget: tokenBudget).map(\.choices)
    }
}
