// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The probability-based metrics of CounterFact (Meng et al. 2022, §3.4), as the authors' code computes them.
///
/// On the edit prompt and its paraphrases the new object must win over the true one, on neighbouring prompts the
/// true one. *success* compares the two, *accuracy* asks that every token of the right one is the model's first
/// choice, *magnitude* is the difference of their probabilities. A case's score is the mean over its prompts; a
/// metric the mean over cases, in percent.
struct CounterFact: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "counterfact", summary: "Efficacy, paraphrase and neighbourhood by success, accuracy and magnitude.",
        requires: [.prompt, .subject, .targetNew, .targetTrue])

    @Parameter(
        "attributes", help: "Ask attribute prompts, too: other subjects, of which the new object is true (ROME's code)."
    )
    var asksAttributes = false

    @Parameter(
        "distracted", help: "Ask neighbours a second time, after a sentence that states the edit (CounterFact+).")
    var asksDistracted = false

    @Parameter(.batchTokens) var tokenBudget = 8192

    /// The prompts of one kind, and which of the two objects must win there.
    private struct Group {
        var name: String
        var wantsNew: Bool
        var prompts: @Sendable (EditCase) -> [String]
    }

    /// Those of the published score.
    private static let ownGroups = [
        Group(name: "efficacy", wantsNew: true) { [$0.filledPrompt] },
        Group(name: "paraphrase", wantsNew: true) { $0.paraphrasePrompts },
        Group(name: "neighborhood", wantsNew: false) { $0.neighborhoodPrompts },
    ]

    private var groups: [Group] {
        var groups = CounterFact.ownGroups
        if asksAttributes { groups.append(Group(name: "attribute", wantsNew: true) { $0.attributePrompts }) }
        if asksDistracted {
            groups.append(
                Group(name: "distracted_neighborhood", wantsNew: false) { editCase in
                    let statement = editCase.filledPrompt + editCase.following(editCase.targetNew) + ". "
                    return editCase.neighborhoodPrompts.map { statement + $0 }
                })
        }
        return groups
    }

    private static let measures = ["success", "accuracy", "magnitude"]

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        try session.progress("evaluate", 0, of: cases.count)
        var requests: [TargetRequest] = []
        for editCase in cases {
            for prompt in groups.flatMap({ $0.prompts(editCase) }) {
                requests.append(
                    try TargetRequest(
                        prompt, objects: [editCase.targetNew, editCase.targetTrue], joint: editCase.joint, model))
            }
        }
        var ratings = try model.ratings(of: requests, tokenBudget: tokenBudget)[...]
        try session.progress("evaluate", cases.count, of: cases.count)

        var scores: [Score] = []
        for editCase in cases {
            for group in groups {
                let count = group.prompts(editCase).count
                guard count > 0 else { continue }
                let pairs = ratings.prefix(count).map {
                    group.wantsNew ? (right: $0[0], wrong: $0[1]) : (right: $0[1], wrong: $0[0])
                }
                ratings = ratings.dropFirst(count)
                func mean(_ measure: String, _ value: ((right: TargetRating, wrong: TargetRating)) -> Double) {
                    scores.append(
                        Score(
                            "\(group.name)_\(measure)", pairs.map(value).mean() ?? 0,
                            caseIndex: editCase.index))
                }
                mean("success") { $0.right.negativeLogLikelihood < $0.wrong.negativeLogLikelihood ? 1 : 0 }
                mean("accuracy") { $0.right.isFirstChoice ? 1 : 0 }
                mean("magnitude") { $0.right.probability - $0.wrong.probability }
            }
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        var metrics = groups.flatMap { group in
            CounterFact.measures.compactMap { measure in
                Metric.mean(
                    of: "\(group.name)_\(measure)", in: scores, times: 100, unit: "percent",
                    direction: .higherIsBetter, protocol: "teacher-forced")
            }
        }
        let successes = CounterFact.ownGroups.compactMap { group in
            metrics.first { $0.name == "\(group.name)_success" }
        }
        if successes.count == CounterFact.ownGroups.count {
            metrics.append(
                Metric(
                    "score", successes.map(\.value).harmonicMean(), unit: "percent",
                    n: successes.map(\.n).min() ?? 0, direction: .higherIsBetter, protocol: "teacher-forced"))
        }
        return metrics
    }
}
