// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// `dataset.join: template`: every prompt of a case becomes what a user says, in the words of the model's chat template.
/// Objects and answers follow where the model's own answer begins.
struct ChatCases {
    private let prompts: ChatPrompts
    private let dataset: String

    init(model: String, dataset: String) throws(RuntimeError) {
        self.dataset = dataset
        prompts = try RuntimeError.wrapping(.file) { try ChatPrompts(folder: URL(fileURLWithPath: model)) }
    }

    /// Puts the prompts of a case into the template.
    ///
    /// - Returns: why that cannot be done; the case then stays as it is.
    func problem(applyingTo editCase: inout EditCase) -> RuntimeError? {
        do throws(ModelError) {
            editCase = try applied(to: editCase)
            return nil
        } catch {
            return RuntimeError(
                .file, "case \(editCase.id) of '\(dataset)': \(error.message)", hint: error.hint)
        }
    }

    private func applied(to editCase: EditCase) throws(ModelError) -> EditCase {
        var result = editCase
        result.prompt = try slotted(editCase.prompt, editCase.subject)
        result.paraphrasePrompts = try all(editCase.paraphrasePrompts)
        result.neighborhoodPrompts = try all(editCase.neighborhoodPrompts)
        result.generationPrompts = try all(editCase.generationPrompts)
        result.attributePrompts = try all(editCase.attributePrompts)
        for place in result.neighborSamples.indices {
            let neighbor = editCase.neighborSamples[place]
            result.neighborSamples[place].prompt = try slotted(neighbor.prompt, neighbor.subject)
        }
        result.firstHopPrompt = try all([editCase.firstHopPrompt])[0]
        result.secondHopPrompt = try slotted(editCase.secondHopPrompt, editCase.bridge)
        for place in result.related.indices {
            result.related[place].prompt = try prompts.prompt(editCase.related[place].prompt)
        }
        for place in result.unrelated.indices {
            result.unrelated[place].prompt = try prompts.prompt(editCase.unrelated[place].prompt)
        }
        for place in result.probes.indices {
            result.probes[place].prompt = try prompts.prompt(editCase.probes[place].prompt)
        }
        return result
    }

    /// A field that a case does not have stays empty.
    private func all(_ texts: [String]) throws(ModelError) -> [String] {
        var results: [String] = []
        for text in texts { results.append(text.isEmpty ? text : try prompts.prompt(text)) }
        return results
    }

    private func slotted(_ template: String, _ subject: String) throws(ModelError) -> String {
        guard !template.isEmpty else { return template }
        return subject.isEmpty ? try prompts.prompt(template) : try prompts.prompt(template, subject: subject)
    }
}
