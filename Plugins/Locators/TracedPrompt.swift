// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A filled prompt with the tokens of its subject and the answer that is expected after it.
struct TracedPrompt {
    var tokens: [Int]
    /// Tokens that cover at least one character of the subject.
    var subject: Range<Int>
    /// The first token of the answer.
    var answer: Int

    init(_ editCase: EditCase, _ model: Model) throws(SutureError) {
        guard let (prefix, suffix) = Template.parts(of: editCase.prompt) else {
            throw SutureError(
                .invalidArgument, "case \(editCase.id): the prompt \"\(editCase.prompt)\" has no slot for the subject",
                hint: "write {} where the subject belongs")
        }
        let text = prefix + editCase.subject + suffix
        let (ids, offsets) = try model.encodeWithOffsets(text, addsSpecialTokens: true)
        let start = prefix.unicodeScalars.count
        let end = start + editCase.subject.unicodeScalars.count
        // A token's leading space is not part of the subject, so a token belongs to it when it reaches beyond its
        // start.
        let covering = offsets.indices.filter { offsets[$0].upperBound > start && offsets[$0].lowerBound < end }
        guard let first = covering.first, let last = covering.last else {
            throw SutureError(
                .invalidArgument,
                "case \(editCase.id): no token of \"\(text)\" covers the subject \"\(editCase.subject)\"",
                hint: "check the data set")
        }
        tokens = ids
        subject = first..<last + 1
        answer = try model.encode(prompt: text, target: editCase.targetTrue).target[0]
    }

    /// The part that a token plays in the prompt.
    func role(of position: Int) -> Location.Role {
        switch position {
        case subject.upperBound - 1: .subjectLast
        case subject.lowerBound: .subjectFirst
        case subject: .subjectMiddle
        case tokens.count - 1: .last
        case subject.upperBound: .afterSubject
        case subject.upperBound...: .further
        default: .none
        }
    }
}
