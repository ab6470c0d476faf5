// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Whether a model says the object by itself: greedy generation after the prompt with a natural end, nothing cut to
/// the length of the object (the WILD protocol, Yang et al. 2025).
///
/// `match` compares the whole normalised text, `contained` asks for the object's words somewhere in it. On the prompt
/// and its paraphrases the new object is wanted; on neighbours the true one, or their own. The protocol asks in the
/// model's chat template, which `chat` does.
struct GenerationMatch: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "generation", summary: "Whether the model says the object by itself, as its whole text or in it.",
        requires: [.prompt, .targetNew])

    let settings = ContinuationSettings(maxNewTokens: 512, stops: [".", "\n"])

    @Parameter(
        "chat", help: "Ask in the chat template of the model folder, as a user; otherwise prompts are continued.")
    var asksAsUser = false

    @Parameter("system", help: "What the conversation begins with, of the role system; needs chat.")
    var system: String?

    /// Whom the model is asked about.
    enum Group: String, ParameterChoice { case efficacy, paraphrase, neighborhood }

    @Parameter("groups", help: "What is asked: the edit prompt (efficacy), its paraphrases, neighbours.")
    var groups = Group.allCases

    private static let measures = ["match", "contained"]

    func validate() throws {
        try settings.validate()
        guard !groups.isEmpty, Set(groups).count == groups.count else {
            throw SutureError(
                .invalidArgument, "generation: groups is \(groups.isEmpty ? "empty" : "a list with a group twice")",
                hint: "leave it out, or name each group once")
        }
        guard system == nil || asksAsUser else {
            throw SutureError(
                .invalidArgument, "generation: system is given, but prompts are not put into a chat template",
                hint: "set chat: true, or remove system")
        }
    }

    /// The prompts of each group with the wanted objects.
    private func questions(_ editCase: EditCase) -> [[(prompt: String, object: String)]] {
        groups.map { group in
            switch group {
            case .efficacy: [(editCase.filledPrompt, editCase.targetNew)]
            case .paraphrase: editCase.paraphrasePrompts.map { ($0, editCase.targetNew) }
            case .neighborhood:
                editCase.targetTrue.isEmpty
                    ? editCase.neighborSamples.map { ($0.filledPrompt, $0.target) }
                    : editCase.neighborhoodPrompts.map { ($0, editCase.targetTrue) }
            }
        }
    }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        let prompts = try cases.flatMap { questions($0).joined() }.map { question in
            asksAsUser ? try model.chatPrompt(question.prompt, system: system) : question.prompt
        }
        var said = try settings.continuations(of: prompts, model, in: session)[...]
        var scores: [Score] = []
        for editCase in cases {
            for (group, questions) in zip(groups, questions(editCase)) where !questions.isEmpty {
                let pairs = zip(said.prefix(questions.count), questions).map {
                    (text: AnswerText.normalized($0.text), object: AnswerText.normalized($1.object))
                }
                said = said.dropFirst(questions.count)
                func mean(_ measure: String, _ holds: (String, String) -> Bool) {
                    let share = Double(pairs.count { holds($0.text, $0.object) }) / Double(pairs.count)
                    scores.append(Score("\(group.rawValue)_\(measure)", share, caseIndex: editCase.index))
                }
                mean("match", ==)
                mean("contained", AnswerText.contains)
            }
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        groups.flatMap { group in
            GenerationMatch.measures.compactMap { measure in
                Metric.mean(
                    of: "\(group.rawValue)_\(measure)", in: scores, times: 100, unit: "percent",
                    direction: .higherIsBetter,
                    protocol: settings.protocolName + (asksAsUser ? ", chat template" : ""))
            }
        }
    }
}
