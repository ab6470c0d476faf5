// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// Prompts as the chat template of a model folder has them.
///
/// A text is put into tokens with the special tokens that its tokenizer adds, and a template may write the first of them
/// itself. It is taken out of the text, so that a model reads it once. The tokens are then those of transformers'
/// `apply_chat_template`, which is checked for each prompt.
package struct ChatPrompts: Sendable {
    private let folder: String
    private let template: ChatTemplate
    private let tokenizer: Tokenizer

    /// - Throws: where the folder lacks a chat template or a tokenizer.
    package init(folder: URL) throws(ModelError) {
        try self.init(folder: folder, tokenizer: Tokenizer(folder: folder))
    }

    /// - Parameter tokenizer: that of the folder.
    /// - Throws: where the folder lacks a chat template.
    init(folder: URL, tokenizer: Tokenizer) throws(ModelError) {
        self.folder = folder.path
        template = try ChatTemplate(folder: folder)
        self.tokenizer = tokenizer
    }

    /// What the model reads when a user says this, to be put into tokens as any text.
    ///
    /// - Parameter system: what the conversation begins with; nil: the message comes first.
    /// - Throws: where the template cannot be followed, or the tokenizer adds other tokens than the template has.
    package func prompt(_ message: String, system: String? = nil) throws(ModelError) -> String {
        let whole = try template.text(for: message, system: system)
        let wanted = try tokenizer.encode(whole, addSpecialTokens: false).ids
        for text in [whole, try withoutBeginning(whole, wanted)] {
            if let text, try tokenizer.encode(text, addSpecialTokens: true).ids == wanted { return text }
        }
        throw ModelError(
            .unsupportedOption,
            "the tokenizer of '\(folder)' puts other special tokens around a text than its chat template",
            hint: "write the prompts out as the template has them")
    }

    /// The same for a template with one slot: the slot stays where it is.
    ///
    /// - Parameter subject: what will fill the slot.
    /// - Throws: as ``prompt(_:)``, and where the chat template depends on what is in the slot.
    package func prompt(_ template: String, subject: String) throws(ModelError) -> String {
        guard let (before, after) = Template.parts(of: template) else { return try prompt(template) }
        // A character that no text has stands for the subject.
        let mark = "\u{10FFFE}"
        let parts = try prompt(before + mark + after).split(separator: mark, omittingEmptySubsequences: false)
        let filled = try prompt(Template.fill(template, with: subject))
        if parts.count == 2 {
            let result = Template.make(String(parts[0]), String(parts[1]))
            if Template.fill(result, with: subject).unicodeScalars.elementsEqual(filled.unicodeScalars) {
                return result
            }
        }
        throw ModelError(
            .unsupportedOption, "the chat template of '\(folder)' does not keep the subject \"\(subject)\" as it is",
            hint: "write the prompts out as the template has them")
    }

    /// The text without the token for the beginning of a text, where it begins with it.
    private func withoutBeginning(_ text: String, _ ids: [Int]) throws(ModelError) -> String? {
        guard let first = ids.first else { return nil }
        let beginning = try tokenizer.decode([first], skipSpecialTokens: false)
        guard !beginning.isEmpty, text.hasPrefix(beginning) else { return nil }
        return String(text.unicodeScalars.dropFirst(beginning.unicodeScalars.count))
    }
}
