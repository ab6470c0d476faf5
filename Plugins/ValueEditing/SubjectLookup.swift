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

    /// - Parameter template: a prompt with one `{}` for the subject, context included.
    /// - Parameter name: the case's name, for errors.
    package init(
        template: String, subject: String, token: FactToken, model: Model, case name: String
    ) throws(SutureError) {
        guard let (prefix, suffix) = Template.parts(of: template) else {
            throw SutureError(
                .invalidArgument, "case \(name): the prompt \"\(template)\" has no slot for the subject \"\(subject)\"",
                hint: "write {} where the subject belongs")
        }
        guard Template.parts(of: suffix) == nil else {
            throw SutureError(
                .invalidArgument, "case \(name): the prompt \"\(template)\" has more than one slot",
                hint: "write {} once, where the subject belongs")
        }
        tokens = try model.encode(prefix + subject + suffix, addsSpecialTokens: true)
        let through = try model.encode(prefix + subject, addsSpecialTokens: true)
        switch token {
        case .subjectLast: index = through.count - 1
        case .subjectFirstAfterLast: index = min(through.count, tokens.count - 1)
        case .last: index = tokens.count - 1
        case .subjectFirst:
            // The space in front of the subject belongs to its first token.
            let before = prefix.hasSuffix(" ") ? String(prefix.dropLast()) : prefix
            let head = try model.encode(before, addsSpecialTokens: true)
            guard tokens.starts(with: head), head.count < through.count else {
                throw SubjectLookup.merged("first", subject, template, name)
            }
            index = head.count
        }
        guard token == .last || (!through.isEmpty && tokens.starts(with: through)) else {
            throw SubjectLookup.merged("last", subject, template, name)
        }
        guard tokens.indices.contains(index) else {
            throw SutureError(
                .invalidArgument, "case \(name): the prompt \"\(template)\" has no tokens", hint: "check the data set")
        }
    }

    private static func merged(_ end: String, _ subject: String, _ template: String, _ name: String) -> SutureError {
        SutureError(
            .invalidArgument,
            "case \(name): in \"\(template)\" the \(end) token of \"\(subject)\" merges with its neighbour",
            hint: "put a space between the slot and the text beside it, or leave the case out")
    }
}

extension ContextTemplates {
    /// A case's prompt in each context.
    package func lookups(
        of editCase: EditCase, _ token: FactToken, _ model: Model
    ) throws(SutureError) -> [SubjectLookup] {
        var lookups: [SubjectLookup] = []
        for context in all {
            lookups.append(
                try SubjectLookup(
                    template: Template.fill(context, with: editCase.prompt), subject: editCase.subject, token: token,
                    model: model, case: editCase.id))
        }
        return lookups
    }
}
