// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A filled prompt in tokens, and which of them are its subject.
struct PhrasedPrompt {
    var text: String
    var tokens: [Int]
    /// Tokens that cover at least one character of the subject; nil where the prompt has none.
    var subject: Range<Int>?

    /// - Parameters:
    ///   - prompt: nil where a template has no slot.
    ///   - template: what it was made of, for errors.
    /// - Throws: `invalidArgument` where there is no slot, or where no token covers the subject.
    init(
        _ prompt: SubjectPrompt?, of template: String, caseID: String, _ model: Model
    ) throws(SutureError) {
        guard let prompt else {
            throw SutureError(
                .invalidArgument, "case \(caseID): the prompt \"\(template)\" has no slot for the subject",
                hint: "write {} where the subject belongs")
        }
        text = prompt.text
        let (ids, offsets) = try model.encodeWithOffsets(text, addsSpecialTokens: true)
        let (start, end) = (prompt.scalars.lowerBound, prompt.scalars.upperBound)
        // A token's leading space is not part of the subject, so a token belongs to it when it reaches beyond its
        // start.
        let covering = offsets.indices.filter { offsets[$0].upperBound > start && offsets[$0].lowerBound < end }
        guard let first = covering.first, let last = covering.last else {
            throw SutureError(
                .invalidArgument, "case \(caseID): no token of \"\(text)\" covers the subject \"\(prompt.subject)\"",
                hint: "check the data set")
        }
        tokens = ids
        subject = first..<last + 1
    }

    /// The prompt of a case, which need not have a subject.
    init(_ editCase: EditCase, _ model: Model) throws(SutureError) {
        guard editCase.subject.isEmpty else {
            try self.init(editCase.subjectPrompt, of: editCase.prompt, caseID: editCase.id, model)
            return
        }
        self.init(
            text: editCase.prompt, tokens: try model.encode(editCase.prompt, addsSpecialTokens: true), subject: nil)
    }

    private init(text: String, tokens: [Int], subject: Range<Int>?) {
        (self.text, self.tokens, self.subject) = (text, tokens, subject)
    }

    /// The last token.
    var last: Int { tokens.count - 1 }

    /// The part that a token plays in the prompt.
    func role(of position: Int) -> Location.Role {
        guard let subject else { return position == last ? .last : .none }
        return switch position {
        case subject.upperBound - 1: .subjectLast
        case subject.lowerBound: .subjectFirst
        case subject: .subjectMiddle
        case last: .last
        case subject.upperBound: .afterSubject
        case subject.upperBound...: .further
        default: .none
        }
    }
}

/// Which tokens of a prompt a locator looks at.
enum PromptPosition: String, ParameterChoice {
    /// The last token, from which the answer is predicted.
    case last
    /// The last token of the subject.
    case subjectLast = "subject_last"
    /// Every token.
    case all

    /// The tokens that are meant, each with its part.
    ///
    /// - Throws: `invalidArgument` for the end of a subject that the prompt does not have.
    func tokens(of prompt: PhrasedPrompt, caseID: String) throws(SutureError) -> [(position: Int, role: Location.Role)]
    {
        switch self {
        case .last: return [(prompt.last, .last)]
        case .all: return prompt.tokens.indices.map { ($0, prompt.role(of: $0)) }
        case .subjectLast:
            guard let subject = prompt.subject else {
                throw SutureError(
                    .invalidArgument, "case \(caseID) has no subject, so its prompt has no position subject_last",
                    hint: "leave subject_last out of positions")
            }
            return [(subject.upperBound - 1, .subjectLast)]
        }
    }
}

extension EditCase {
    /// The right answer as it follows the prompt: the answer itself, or the joint and the object; nil where there is none.
    var expectedAnswer: String? {
        if !answer.isEmpty { return answer }
        let object = targetNew.isEmpty ? targetTrue : targetNew
        return object.isEmpty ? nil : following(object)
    }
}

extension [Location] {
    /// The mean over cases of every cell that has a role, by site, role, unit and measure, for all cases together. Several
    /// tokens of one case with the same role count each.
    func meansByRole() -> [Location] {
        var order: [RoleKey] = []
        var sums: [RoleKey: (sum: Double, count: Double)] = [:]
        for cell in self where cell.role != .none {
            let key = RoleKey(site: cell.site, role: cell.role, unit: cell.unit, measure: cell.measure)
            let old = sums[key]
            if old == nil { order.append(key) }
            sums[key] = ((old?.sum ?? 0) + cell.score, (old?.count ?? 0) + 1)
        }
        return order.compactMap { key in
            sums[key].map {
                Location(
                    key.site, role: key.role, unit: key.unit, measure: key.measure, score: $0.sum / $0.count,
                    isSelected: false)
            }
        }
    }
}

/// Cells that are averaged with each other.
private struct RoleKey: Hashable {
    var site: Site
    var role: Location.Role
    var unit: Int?
    var measure: String
}
