// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which prompts of a case an evaluator lets the model continue.
enum PromptChoice: String, ParameterChoice {
    case prompt, paraphrase, neighborhood, generation

    func prompts(_ editCase: EditCase) -> [String] {
        switch self {
        case .prompt: editCase.prompt.isEmpty ? [] : [editCase.filledPrompt]
        case .paraphrase: editCase.paraphrasePrompts
        case .neighborhood: editCase.neighborhoodPrompts
        case .generation: editCase.generationPrompts
        }
    }
}

extension Neighbor {
    /// The prompt with the subject filled in; as it is where there is no subject.
    var filledPrompt: String { subject.isEmpty ? prompt : Template.fill(prompt, with: subject) }
}
