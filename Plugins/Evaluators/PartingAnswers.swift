// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The place at which a right and a wrong answer to a prompt part: the first token in which they differ.
struct PartingAnswers {
    /// The prompt, and the tokens that both answers begin with.
    var context: [Int]
    /// The next token of the right answer.
    var right: Int
    /// The next token of the wrong one.
    var wrong: Int

    /// - Parameter prompt: of the case, or another wording of it.
    /// - Throws: `invalidArgument` where one of the answers goes on where the other ends; `outOfRange` where the context cannot
    ///   hold the tokens.
    init(_ prompt: String, of editCase: EditCase, _ model: Model) throws(SutureError) {
        let right = try model.tokens(of: prompt, followedBy: editCase.answer)
        let wrong = try model.tokens(of: prompt, followedBy: editCase.following(editCase.wrongAnswer)).following
        guard let place = zip(right.following, wrong).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
            throw SutureError(
                .invalidArgument,
                "case \(editCase.id): the wrong answer \"\(editCase.wrongAnswer)\" and the answer \"\(editCase.answer)\" have the "
                    + "same tokens until one of them ends", hint: "write a wrong_answer that differs in a token")
        }
        context = right.prompt + right.following[..<place]
        (self.right, self.wrong) = (right.following[place], wrong[place])
        try model.requireRoom(for: context.count, "a prompt with the beginning of its answer", ofCase: editCase.id)
    }

    /// What a repair should bring about.
    var expected: ExpectedToken { ExpectedToken(context: context, token: right) }
}
