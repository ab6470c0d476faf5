// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A filled prompt with the tokens of its subject and the answer that is expected after it.
struct TracedPrompt {
    private var prompt: PhrasedPrompt
    /// Tokens that cover at least one character of the subject.
    var subject: Range<Int>
    /// The first token of the answer.
    var answer: Int

    var tokens: [Int] { prompt.tokens }

    init(_ editCase: EditCase, _ model: Model) throws(SutureError) {
        prompt = try PhrasedPrompt(editCase.subjectPrompt, of: editCase.prompt, caseID: editCase.id, model)
        subject = prompt.subject ?? 0..<0
        answer = try model.tokens(
            of: prompt.text, followedBy: editCase.following(editCase.targetTrue)
        ).following[0]
    }

    /// The part that a token plays in the prompt.
    func role(of position: Int) -> Location.Role { prompt.role(of: position) }
}
