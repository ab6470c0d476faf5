// SPDX-License-Identifier: Apache-2.0

import SutureKit

// A prompt and the same prompt about another subject, token by token: symmetric token replacement (Zhang and Nanda 2024).

extension AlignedPrompts {
    /// The prompt of a case as the guide, and the same prompt with the subject of another case in the place of a composition.
    ///
    /// The other subject has as many tokens, and the cases have different answers. Cases with the same template come first;
    /// among equals, those that follow the case, and then those from the first on. Only with the same template is the other case's
    /// answer that of the swapped prompt, and competes.
    ///
    /// - Parameter cases: those to take a subject from.
    /// - Returns: nil where none fits.
    /// - Throws: `invalidArgument` for a case without an answer, and where that does not begin with a token of its own.
    init?(_ editCase: EditCase, swappedAmong cases: [EditCase], _ model: Model) throws(SutureError) {
        let own = try PhrasedPrompt(editCase, model)
        guard let answer = editCase.knownAnswer else {
            throw SutureError(
                .invalidArgument, "case \(editCase.id) has no answer",
                hint: "use a data set with an answer or a target_new")
        }
        let place = cases.firstIndex { $0.index == editCase.index } ?? 0
        let others = (cases[place...] + cases[..<place]).filter {
            !$0.subject.isEmpty && $0.subject != editCase.subject && $0.knownAnswer != answer
        }
        let (alike, rest) = (
            others.filter { $0.prompt == editCase.prompt }, others.filter { $0.prompt != editCase.prompt }
        )
        for other in alike + rest {
            let exchanged = SubjectPrompt(template: editCase.prompt, subject: other.subject)
            let swapped = try PhrasedPrompt(exchanged, of: editCase.prompt, caseID: editCase.id, model)
            guard swapped.isAligned(with: own) else { continue }
            (caseIndex, id, prompt, guide) = (editCase.index, editCase.id, swapped, own)
            self.answer = try model.continuation(of: own.text, by: answer).answer
            rival = other.prompt == editCase.prompt ? other.knownAnswer ?? "" : ""
            return
        }
        return nil
    }
}

extension PhrasedPrompt {
    /// Whether the tokens of two prompts are those of their subjects at the same places, and the same everywhere else.
    fileprivate func isAligned(with other: PhrasedPrompt) -> Bool {
        guard let subject, subject == other.subject, tokens.count == other.tokens.count else { return false }
        return tokens[..<subject.lowerBound] == other.tokens[..<subject.lowerBound]
            && tokens[subject.upperBound...] == other.tokens[subject.upperBound...]
    }
}

extension EditCase {
    /// What the model should say of itself: the object that it knows, or else the right answer. As it follows the prompt.
    fileprivate var knownAnswer: String? {
        targetTrue.isEmpty ? expectedAnswer : following(targetTrue)
    }
}
