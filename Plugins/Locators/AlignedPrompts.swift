// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A composition of two facts next to its guide, aligned from the right: they end alike.
struct AlignedPrompts {
    var caseIndex: Int
    var id: String
    var prompt: PhrasedPrompt
    var guide: PhrasedPrompt
    /// The tokens that really follow the prompt.
    var answer: [Int]
    /// Another answer that competes with it, as it follows the prompt; empty where none is known.
    var rival: String

    /// - Parameter cutsGuide: the guide begins at the bridge.
    /// - Throws: `invalidArgument` where the two prompts do not end in the same tokens, and where the answer does not begin with
    ///   a token of its own.
    init(_ editCase: EditCase, cutsGuide: Bool, _ model: Model) throws(SutureError) {
        caseIndex = editCase.index
        id = editCase.id
        prompt = try PhrasedPrompt(editCase, model)
        var guided = editCase.subjectGuide
        if cutsGuide { guided?.before = "" }
        guide = try PhrasedPrompt(guided, of: editCase.secondHopPrompt, caseID: id, model)
        guard let subject = prompt.subject, let bridge = guide.subject,
            prompt.tokens[subject.upperBound...] == guide.tokens[bridge.upperBound...]
        else {
            throw SutureError(
                .invalidArgument,
                "case \(id): the tokens of \"\(prompt.text)\" and of \"\(guide.text)\" end differently after the subject",
                hint: "let both prompts go on alike after the phrase and after the bridge")
        }
        guard let answer = editCase.expectedAnswer else {
            throw SutureError(
                .invalidArgument, "case \(id) has no answer", hint: "use a data set with an answer or a target_new")
        }
        self.answer = try model.continuation(of: prompt.text, by: answer).answer
        rival = editCase.wrongAnswer.isEmpty ? "" : editCase.following(editCase.wrongAnswer)
    }

    /// Where a token of the composition lies in the guide. The same distance from the end.
    func inGuide(_ position: Int) -> Int { position + guide.tokens.count - prompt.tokens.count }

    /// The last token, and the end of the subject where that is another one.
    func positions(_ chosen: [PromptPosition]) throws(SutureError) -> [(position: Int, role: Location.Role)] {
        var found: [(position: Int, role: Location.Role)] = []
        for position in chosen { found += try position.tokens(of: prompt, caseID: id) }
        return found
    }
}
