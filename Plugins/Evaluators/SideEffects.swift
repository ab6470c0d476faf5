// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the repair of a forced error does to the neighbours of the error: the side-effect protocol of STAR.
///
/// For each case by itself: descent forces the wrong answer, at the first token where it differs from the right one; the
/// neighbours are measured; `repair` repairs the case on the forced model; the neighbours are measured again. Other wordings
/// of the prompt should follow the repair (generalization), and neighbours should not move (specificity). Every figure is the
/// mean change from the forced model to the repaired one. The model that is measured stays as it is, because both are values.
///
/// A case whose wrong answer is not the first choice after the steps is counted (`forced`) and goes no further.
///
/// Source: the released code of Gu et al. (ICSE 2026); how it is averaged is our decision.
struct SideEffects: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "side-effects", summary: "What the repair of a forced error does to other wordings and to neighbours.",
        requires: [.prompt, .answer, .wrongAnswer])

    @Parameter("repair", kind: .patcher, help: "The patcher that repairs each forced error.")
    var repair: ComponentReference

    @Parameter(
        "locator", kind: .locator, help: "Says where to repair, on the forced model; without: the patcher's own choice."
    )
    var locator: ComponentReference?

    let forcing = ForcingSettings()
    let bootstrap = BootstrapSettings()

    @Parameter(.batchTokens) var tokenBudget = 8192

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        let scores = try cases.enumerated().map { i, editCase in
            try session.progress("evaluate", i, of: cases.count)
            return try self.scores(of: editCase, in: session)
        }
        let missed = scores.count { $0[0].value == 0 }
        if missed > 0 {
            session.log(
                .warning,
                "side-effects: the wrong answer of \(missed) of \(cases.count) cases is not the first choice after "
                    + "\(forcing.steps) steps, so these are not repaired")
        }
        return scores.flatMap(\.self)
    }

    /// The first of them says whether the wrong answer could be forced.
    private func scores(of editCase: EditCase, in session: Session) throws -> [Score] {
        let model = try session.model
        let error = try PartingAnswers(editCase.filledPrompt, of: editCase, model)
        let neighbors = try SideEffectNeighbors(of: editCase, on: model, tokenBudget: tokenBudget)
        let wrong = ExpectedToken(context: error.context, token: error.wrong)
        let forced = try forcing.force(wrong, on: model) { try session.progress("evaluate") }
        func score(_ name: String, _ value: Double) -> Score { Score(name, value, caseIndex: editCase.index) }
        guard try forced.standings(of: [wrong], tokenBudget: tokenBudget)[0].isFirst else {
            return [score("forced", 0)]
        }

        let locations = try locator.map { try session.locate([editCase], with: $0, on: forced) } ?? []
        let patch = try session.patch([editCase], at: locations, with: repair, on: forced, state: .anew).patch
        let repaired = try forced.applying(patch)
        let isRepaired = try repaired.standings(of: [error.expected], tokenBudget: tokenBudget)[0].isFirst
        var scores = [score("forced", 1), score("repaired", isRepaired ? 1 : 0)]
        for (name, tokens) in neighbors.groups where !tokens.isEmpty {
            let before = try forced.standings(of: tokens, tokenBudget: tokenBudget)
            let after = try repaired.standings(of: tokens, tokenBudget: tokenBudget)
            func change(_ measure: String, _ value: (TokenStanding) -> Double) {
                let mean = zip(before, after).map { value($1) - value($0) }.mean() ?? 0
                scores.append(score("\(name)_\(measure)_change", mean))
            }
            change("gap", \.gap)
            change("rank") { Double($0.rank) }
            change("first") { $0.isFirst ? 1 : 0 }
        }
        return scores
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        let protocolName = forcing.protocolName
        let shares = [("forced", Metric.Direction.none), ("repaired", .higherIsBetter)].compactMap { name, direction in
            Metric.mean(
                of: name, in: scores, times: 100, unit: "percent", direction: direction, protocol: protocolName)
        }
        let changes = SideEffectNeighbors.Group.allCases.flatMap { group -> [Metric] in
            // What should follow has a better direction; what should stay has none.
            let isWanted = group == .generalization
            return [("gap", 100.0, "percent", false), ("rank", 1, "ranks", false), ("first", 100, "percent", true)]
                .flatMap {
                    measure, factor, unit, isGain in
                    bootstrap.mean(
                        of: "\(group.rawValue)_\(measure)_change", in: scores, times: factor, unit: unit,
                        direction: isWanted ? (isGain ? .higherIsBetter : .lowerIsBetter) : .none,
                        protocol: protocolName)
                }
        }
        return shares + changes
    }
}
