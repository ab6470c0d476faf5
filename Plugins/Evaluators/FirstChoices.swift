// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// A prompt whose answer is compared before and after an edit.
struct ComparedPrompt {
    /// What its figures are named after: "neighborhood", or the kind of a probe.
    var group: String
    var prompt: String
    /// How far choices are read, and what is put in before each; empty: the next token alone.
    var answer: String
    var editCase: EditCase

    fileprivate func request(_ model: Model) throws(SutureError) -> TargetRequest {
        guard answer.isEmpty else {
            return try TargetRequest(prompt, objects: [answer], joint: editCase.joint, model)
        }
        // What is chosen does not depend on the one token that is asked for.
        return TargetRequest(prompt: try model.promptTokens(prompt), targets: [[0]])
    }
}

extension EditCase {
    /// What an edit of this case should leave alone: its neighbours, and the probes that stay.
    var untouchedPrompts: [ComparedPrompt] {
        let neighbors =
            neighborhoodPrompts.isEmpty
            ? neighborSamples.map { ($0.filledPrompt, $0.target) } : neighborhoodPrompts.map { ($0, targetTrue) }
        return neighbors.map {
            ComparedPrompt(group: "neighborhood", prompt: $0.0, answer: $0.1, editCase: self)
        }
            + probes.filter { $0.expectation == .stays }.map {
                ComparedPrompt(group: $0.kind, prompt: $0.prompt, answer: $0.answers[0], editCase: self)
            }
    }
}

extension Model {
    /// The first choice in the place of each token of each answer, after the right tokens before it.
    func firstChoices(of prompts: [ComparedPrompt], tokenBudget: Int) throws -> [[Int]] {
        try ratings(of: prompts.map { try $0.request(self) }, tokenBudget: tokenBudget).map { $0[0].choices }
    }
}
