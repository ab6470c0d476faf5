// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether an edit reads the sentence or only its words: the edit prompt is negated, and the new object is then wrong.
///
/// A model that gives the new object to "It is not true that the capital of France is" has tied it to the subject, not
/// to the fact. `new_first_choice` is the share of negated prompts after which the new object is the first choice in
/// every token, `true_preferred` the share after which the true object is likelier than the new one.
struct Negation: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "negation", summary: "Whether the model gives the new object even where the prompt is negated.",
        requires: [.prompt, .targetNew])

    @Parameter(
        "templates", help: "What is asked, with {} for the prompt. The prompt's first word may lose its capital.")
    var templates = ["It is not true that {}", "It is false that {}"]

    @Parameter(.batchTokens) var tokenBudget = 8192

    func validate() throws {
        for template in templates where Template.slotCount(of: template) != 1 {
            throw SutureError(
                .invalidArgument, "negation: \"\(template)\" has \(Template.slotCount(of: template)) '{}' in templates",
                hint: "write one {} where the prompt belongs")
        }
        guard !templates.isEmpty else {
            throw SutureError(.invalidArgument, "negation: templates is empty", hint: "leave it out for the default")
        }
    }

    /// Words that begin a sentence with a capital and are none inside it.
    private static let openings: Set<String> = [
        "The", "A", "An", "In", "On", "At", "Of", "For", "What", "Who", "Where", "When", "Which", "It", "There",
    ]

    /// The prompt as it stands inside a sentence.
    static func inside(_ prompt: String) -> String {
        let first = prompt.prefix { !$0.isWhitespace }
        guard openings.contains(String(first)) else { return prompt }
        return first.lowercased() + prompt.dropFirst(first.count)
    }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        try session.progress("evaluate", 0, of: cases.count)
        let asked = cases.flatMap { editCase in templates.map { (editCase: editCase, template: $0) } }
        let requests = try asked.map { editCase, template in
            try TargetRequest(
                Template.fill(template, with: Negation.inside(editCase.filledPrompt)),
                objects: [editCase.targetNew, editCase.targetTrue].filter { !$0.isEmpty }, joint: editCase.joint, model)
        }
        var groups = PromptGroups()
        for (asked, ratings) in zip(asked, try model.ratings(of: requests, tokenBudget: tokenBudget)) {
            groups.add("negation_new_first_choice", ratings[0].isFirstChoice ? 1 : 0, of: asked.editCase)
            guard ratings.count > 1 else { continue }
            groups.add(
                "negation_true_preferred",
                ratings[1].negativeLogLikelihood < ratings[0].negativeLogLikelihood ? 1 : 0, of: asked.editCase)
        }
        return groups.scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        func mean(_ name: String, _ direction: Metric.Direction) -> Metric? {
            Metric.mean(
                of: name, in: scores, times: 100, unit: "percent", direction: direction,
                protocol: "negated prompts, teacher-forced")
        }
        return [
            mean("negation_new_first_choice", .lowerIsBetter), mean("negation_true_preferred", .higherIsBetter),
        ].compactMap(\.self)
    }
}
