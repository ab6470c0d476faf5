// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A case's prompt and reference answer as token ids, for teacher forcing: every prediction of the answer is read
/// after the prompt and the reference tokens before it, never after the model's own.
struct ReferenceAnswer {
    let editCase: EditCase
    var prompt: [Int]
    var answer: [Int]

    /// The answer's ids are appended to the prompt's, no text is joined: no token can straddle the boundary.
    init(_ editCase: EditCase, limit: Int?, _ model: Model) throws(SutureError) {
        self.editCase = editCase
        prompt = try model.encode(editCase.filledPrompt, addsSpecialTokens: true)
        answer = Array(try model.encode(editCase.answer).prefix(limit ?? .max))
        guard !prompt.isEmpty, !answer.isEmpty else {
            throw SutureError(
                .invalidArgument, "case \(editCase.id): the \(prompt.isEmpty ? "prompt" : "answer") has no tokens",
                hint: "check the data set")
        }
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
