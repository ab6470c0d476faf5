// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which token of a prompt carries the fact.
package enum FactToken: String, ParameterChoice {
    case subjectLast = "subject_last"
    case subjectFirst = "subject_first"
    /// The first token after the subject; the subject's last where nothing follows.
    case subjectFirstAfterLast = "subject_first_after_last"
    /// The last token of the prompt.
    case last
}

/// A filled prompt as tokens, with the index of the token at which the fact is looked up.
///
/// Prefix, prefix with subject, and the whole are tokenised cumulatively, which is right for tokenizers that add a
/// beginning token or merge across the prefix; the published code tokenises the three parts apart, which agrees for
/// GPT-2.
package struct SubjectLookup {
    package var tokens: [Int]
    package var index: Int

    /// The tokens up to the lookup. What comes later cannot change anything there, since attention is causal.
    package var tokensThroughLookup: [Int] { Array(tokens[...index]) }

    /// - Parameter template: a prompt with one `{}` for the subject.
    /// - Parameter name: the case's name, for errors.
    package init(
        template: String, subject: String, token: FactToken, model: Model, case name: String
    ) throws(SutureError) {
        guard let prompt = SubjectPrompt(template: template, subject: subject) else {
            throw SubjectLookup.noSlot(template, subject, name)
        }
        guard Template.slotCount(of: template) == 1 else {
            throw SutureError(
                .invalidArgument, "case \(name): the prompt \"\(template)\" has more than one slot",
                hint: "write {} once, where the subject belongs")
        }
        try self.init(prompt, token: token, model: model, case: name)
    }

    /// - Parameter prompt: context included.
    /// - Parameter name: the case's name, for errors.
    package init(
        _ prompt: SubjectPrompt, token: FactToken, model: Model, case name: String
    ) throws(SutureError) {
        tokens = try model.encode(prompt.text, addsSpecialTokens: true)
        try model.requireRoom(for: tokens.count, "the prompt in its context", ofCase: name)
        let through = try model.encode(prompt.throughSubject, addsSpecialTokens: true)
        switch token {
        case .subjectLast: index = through.count - 1
        case .subjectFirstAfterLast: index = min(through.count, tokens.count - 1)
        case .last: index = tokens.count - 1
        case .subjectFirst:
            // The space in front of the subject belongs to its first token.
            let before = prompt.before.hasSuffix(" ") ? String(prompt.before.dropLast()) : prompt.before
            let head = try model.encode(before, addsSpecialTokens: true)
            guard tokens.starts(with: head), head.count < through.count else {
                throw SubjectLookup.merged("first", prompt, name)
            }
            index = head.count
        }
        guard token == .last || (!through.isEmpty && tokens.starts(with: through)) else {
            throw SubjectLookup.merged("last", prompt, name)
        }
        guard tokens.indices.contains(index) else {
            throw SutureError(
                .invalidArgument, "case \(name): the prompt \"\(prompt.text)\" has no tokens",
                hint: "check the data set")
        }
    }

    package static func noSlot(_ template: String, _ subject: String, _ name: String) -> SutureError {
        SutureError(
            .invalidArgument, "case \(name): the prompt \"\(template)\" has no slot for the subject \"\(subject)\"",
            hint: "write {} where the subject belongs")
    }

    private static func merged(_ end: String, _ prompt: SubjectPrompt, _ name: String) -> SutureError {
        SutureError(
            .invalidArgument,
            "case \(name): in \"\(prompt.before){}\(prompt.after)\" the \(end) token of \"\(prompt.subject)\" merges with "
                + "its neighbour",
            hint: "put a space between the slot and the text beside it, or leave the case out")
    }
}

extension ContextTemplates {
    /// A case's prompt in each context.
    package func lookups(
        of editCase: EditCase, _ token: FactToken, _ model: Model
    ) throws(SutureError) -> [SubjectLookup] {
        guard let prompt = editCase.subjectPrompt else {
            throw SubjectLookup.noSlot(editCase.prompt, editCase.subject, editCase.id)
        }
        guard Template.slotCount(of: editCase.prompt) == 1 else {
            throw SutureError(
                .invalidArgument, "case \(editCase.id): the prompt \"\(editCase.prompt)\" has more than one slot",
                hint: "write {} once, where the subject belongs")
        }
        var lookups: [SubjectLookup] = []
        for context in all {
            lookups.append(
                try SubjectLookup(prompt.within(context), token: token, model: model, case: editCase.id))
        }
        return lookups
    }
}
