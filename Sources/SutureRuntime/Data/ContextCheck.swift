// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Finds prompts that the model's context cannot hold, before the model is loaded.
///
/// A prompt must leave room for a token to be generated after it, and for its objects. Whole reference answers are not
/// counted, since methods may use a part of them.
final class ContextCheck {
    private let model: URL
    private let dataset: String
    private var loaded: (tokenizer: Tokenizer, length: Int)?

    init(model: URL, dataset: String) {
        self.model = model
        self.dataset = dataset
    }

    /// A prompt with the texts that may follow it.
    private struct Text {
        var field: String
        var prompt: String
        var following: [String]
    }

    /// What is wrong with a case; nil where everything fits.
    ///
    /// - Throws: `file` where the model's configuration or tokenizer cannot be read.
    func problem(of editCase: EditCase) throws(RuntimeError) -> RuntimeError? {
        for text in ContextCheck.texts(of: editCase) {
            let (count, length) = try size(of: text)
            guard count > length else { continue }
            let with = text.following.isEmpty ? "" : " and the longest object after it"
            return RuntimeError(
                .file,
                "case \(editCase.id) of '\(dataset)' has \(count) tokens in '\(text.field)'\(with), and the model's context "
                    + "holds \(length)",
                hint: "shorten it, or leave such cases out with dataset.invalid: skip")
        }
        return nil
    }

    /// How many tokens of context a text takes, and how many there are.
    private func size(of text: Text) throws(RuntimeError) -> (count: Int, length: Int) {
        let (tokenizer, length) = try load()
        // A token of ASCII text has at least one character, and a template adds a few tokens.
        let characters = text.prompt.utf8.count + (text.following.map(\.utf8.count).max() ?? 0)
        if characters + 16 <= length, ([text.prompt] + text.following).allSatisfy({ $0.utf8.allSatisfy { $0 < 0x80 } })
        {
            return (characters, length)
        }
        return try RuntimeError.wrapping {
            let prompt = try tokenizer.encode(text.prompt, addSpecialTokens: true).ids.count
            let following = try text.following.map { try tokenizer.join(text.prompt, $0).following.count }.max() ?? 0
            // The last token is predicted and not read.
            return (prompt + max(following - 1, 1), length)
        }
    }

    private func load() throws(RuntimeError) -> (tokenizer: Tokenizer, length: Int) {
        if let loaded { return loaded }
        let found = try RuntimeError.wrapping {
            let configuration = try ModelConfiguration(folder: model)
            return (tokenizer: try Tokenizer(folder: model), length: configuration.contextLength)
        }
        loaded = found
        return found
    }

    private static func texts(of editCase: EditCase) -> [Text] {
        let objects = [editCase.targetNew, editCase.targetTrue].filter { !$0.isEmpty }.map(editCase.following)
        func numbered(_ field: String, _ prompts: [String], _ following: [String]) -> [Text] {
            prompts.enumerated().map { Text(field: "\(field)[\($0)]", prompt: $1, following: following) }
        }
        func questions(_ field: String, _ questions: [Question]) -> [Text] {
            questions.enumerated().map {
                Text(field: "\(field)[\($0)].prompt", prompt: $1.prompt, following: [$1.answer])
            }
        }
        var texts = [Text(field: "prompt", prompt: editCase.filledPrompt, following: objects)]
        texts += numbered("paraphrase_prompts", editCase.paraphrasePrompts, objects)
        texts += numbered("neighborhood_prompts", editCase.neighborhoodPrompts, objects)
        texts += numbered("generation_prompts", editCase.generationPrompts, [])
        texts += numbered("attribute_prompts", editCase.attributePrompts, [])
        texts += editCase.neighborSamples.enumerated().map {
            // Where a case has no object, a neighbour's target is a whole answer.
            Text(
                field: "neighborhood_samples[\($0)].prompt", prompt: $1.filledPrompt,
                following: editCase.targetNew.isEmpty || $1.target.isEmpty ? [] : [editCase.following($1.target)])
        }
        texts.append(
            Text(
                field: "first_hop_prompt", prompt: editCase.firstHopPrompt,
                following: editCase.bridge.isEmpty ? [] : [editCase.following(editCase.bridge)]))
        texts.append(Text(field: "second_hop_prompt", prompt: editCase.guidePrompt, following: objects))
        texts += questions("related", editCase.related) + questions("unrelated", editCase.unrelated)
        texts += editCase.probes.enumerated().map {
            Text(
                field: "probes[\($0)].prompt of the kind \($1.kind)", prompt: $1.prompt,
                following: $1.answers.map(editCase.following))
        }
        return texts.filter { !$0.prompt.isEmpty }
    }
}
