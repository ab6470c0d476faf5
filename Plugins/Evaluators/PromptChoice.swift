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
