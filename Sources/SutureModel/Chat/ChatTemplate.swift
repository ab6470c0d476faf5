// SPDX-License-Identifier: Apache-2.0

import Foundation
import Jinja

/// The chat template of a model folder: what the model reads when a user says something.
///
/// As in transformers, `chat_template.jinja` comes before `chat_template` in `tokenizer_config.json`; of several templates
/// there, the one named "default" counts. The template is given the message as the only one, of the role `user`, perhaps
/// after one of the role `system`, with `add_generation_prompt`, and the special tokens by their names.
package struct ChatTemplate: Sendable {
    /// The file in a model folder that holds a template by itself.
    package static let fileName = "chat_template.jinja"

    /// For sentences.
    private let path: String
    private let template: JinjaTemplate
    private let tokens: [String: JinjaInput]

    /// Reads the template of a model folder.
    ///
    /// - Throws: `missingField` where the folder has none, `unsupportedOption` where the template cannot be read.
    package init(folder: URL) throws(ModelError) {
        let configuration = folder.appending(path: "tokenizer_config.json")
        let values = try SmallFile.contents(atPath: configuration.path).map { (data) throws(ModelError) in
            try JSONValue(data, name: configuration.path)
        }
        let own = folder.appending(path: Self.fileName).path
        let text: String?
        if let data = try SmallFile.contents(atPath: own) {
            (path, text) = (own, String(validating: data, as: UTF8.self))
        } else {
            (path, text) = (configuration.path, values.flatMap(Self.template))
        }
        guard let text else {
            throw ModelError(
                .missingField,
                "'\(folder.path)' has no chat template: neither \(Self.fileName) nor chat_template in tokenizer_config.json",
                hint: "use the folder of a chat model, or do without the template")
        }
        do {
            template = try JinjaTemplate(text)
        } catch {
            throw Self.error(path, error)
        }
        tokens = Self.tokens(values)
    }

    /// What the model reads when a user says this, up to where its answer begins.
    ///
    /// - Parameter system: what the conversation begins with; nil: the message comes first.
    /// - Throws: `invalidField` where the template refuses the messages, or cannot be followed.
    package func text(for message: String, system: String? = nil) throws(ModelError) -> String {
        func turn(_ role: String, _ content: String) -> JinjaInput {
            .mapping([("role", .text(role)), ("content", .text(content))])
        }
        var variables = tokens
        variables["messages"] = .list((system.map { [turn("system", $0)] } ?? []) + [turn("user", message)])
        variables["add_generation_prompt"] = .boolean(true)
        (variables["tools"], variables["documents"]) = (JinjaInput.none, JinjaInput.none)
        do {
            return try template.render(variables)
        } catch {
            throw Self.error(path, error)
        }
    }

    private static func error(_ path: String, _ error: JinjaError) -> ModelError {
        let what = error.isRaised ? "the template refuses: \(error.message)" : error.message
        return ModelError(
            .unsupportedOption, "the chat template in '\(path)' cannot be followed: line \(error.line): \(what)",
            hint: "write the prompts out as the template has them")
    }

    private static func template(_ values: JSONValue) -> String? {
        guard case .list(let named)? = values["chat_template"] else { return values["chat_template"]?.text }
        return named.first { $0["name"]?.text == "default" }?["template"]?.text
    }

    /// `bos_token` and so on, each a text or an object with `content`.
    private static func tokens(_ values: JSONValue?) -> [String: JinjaInput] {
        guard case .object(let members)? = values else { return [:] }
        return members.reduce(into: [:]) { tokens, member in
            guard member.key.hasSuffix("_token"), let text = member.value.text ?? member.value["content"]?.text else {
                return
            }
            tokens[member.key] = .text(text)
        }
    }
}
