// SPDX-License-Identifier: Apache-2.0

/// A finished prompt that knows where its subject is.
///
///     let prompt = editCase.subjectPrompt                            // nil where the case has no subject
///     let later = prompt?.within("It was said before. {}")           // the same prompt after another text
public struct SubjectPrompt: Sendable, Hashable {
    /// The text before the subject.
    public var before: String
    /// The subject, as it is in the text.
    public var subject: String
    /// The text after the subject.
    public var after: String

    /// A prompt of these three parts.
    public init(before: String, subject: String, after: String) {
        self.before = before
        self.subject = subject
        self.after = after
    }

    /// A template with its subject filled in; nil for a template without a slot.
    public init?(template: String, subject: String) {
        guard let (before, after) = Template.parts(of: template) else { return nil }
        self.init(before: before, subject: subject, after: after)
    }

    /// The whole text, as a model reads it.
    public var text: String { before + subject + after }

    /// The text up to the end of the subject.
    public var throughSubject: String { before + subject }

    /// The Unicode scalars of ``text`` that are the subject.
    public var scalars: Range<Int> {
        let start = before.unicodeScalars.count
        return start..<start + subject.unicodeScalars.count
    }

    /// This prompt in the slot of another text. A context without a slot precedes the prompt.
    public func within(_ context: String) -> SubjectPrompt {
        guard let (opening, end) = Template.parts(of: context) else { return preceded(by: Template.literal(context)) }
        return SubjectPrompt(before: opening + before, subject: subject, after: after + end)
    }

    /// This prompt directly after another text.
    public func preceded(by text: String) -> SubjectPrompt {
        SubjectPrompt(before: text + before, subject: subject, after: after)
    }
}
