// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What else follows from an edit, and what stays: the probes of a data set, by their kinds (the portability and the
/// locality of KnowEdit, Zhang et al. 2024; ripple effects, Cohen et al. 2024).
///
/// `first_choice` asks that every token of one of the answers is the first choice. `tokens` is the share of the first
/// answer's tokens that are, as EasyEdit publishes it. The right tokens are put in, so both flatter the model.
/// `portability` and `locality` are means over the kinds.
struct Probes: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "probes", summary: "Whether the model answers the data set's questions about what follows and what stays.",
        requires: .probes)

    @Parameter(.batchTokens) var tokenBudget = 8192

    private static let measures = ["first_choice", "tokens"]

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let model = try session.model
        let probes = cases.flatMap { editCase in editCase.probes.map { (editCase: editCase, probe: $0) } }
        try session.progress("evaluate", 0, of: probes.count)
        let requests = try probes.map {
            try TargetRequest($0.probe.prompt, objects: $0.probe.answers, joint: $0.editCase.joint, model)
        }
        var groups = PromptGroups()
        for (asked, ratings) in zip(probes, try model.ratings(of: requests, tokenBudget: tokenBudget)) {
            let name = "\(Probes.category(asked.probe.expectation))_\(asked.probe.kind)"
            groups.add("\(name)_first_choice", ratings.contains(where: \.isFirstChoice) ? 1 : 0, of: asked.editCase)
            groups.add("\(name)_tokens", ratings[0].hitRate, of: asked.editCase)
        }
        return groups.scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        func mean(_ name: String) -> Metric? {
            Metric.mean(
                of: name, in: scores, times: 100, unit: "percent", direction: .higherIsBetter,
                protocol: "teacher-forced")
        }
        let kinds = scores.distinctNames.compactMap(mean)
        let categories = [Probe.Expectation.follows, .stays].flatMap { expectation in
            Probes.measures.compactMap { measure -> Metric? in
                let category = Probes.category(expectation)
                let parts = kinds.filter { $0.name.hasPrefix("\(category)_") && $0.name.hasSuffix("_\(measure)") }
                guard let value = parts.map(\.value).mean() else { return nil }
                return Metric(
                    "\(category)_\(measure)", value, unit: "percent", n: parts.reduce(0) { $0 + $1.n },
                    direction: .higherIsBetter, protocol: "teacher-forced, mean over kinds")
            }
        }
        return categories + kinds.filter { kind in !categories.contains { $0.name == kind.name } }
    }

    private static func category(_ expectation: Probe.Expectation) -> String {
        expectation == .follows ? "portability" : "locality"
    }
}
