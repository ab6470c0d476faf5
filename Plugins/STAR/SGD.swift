// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The baseline: plain gradient descent on the same weights, with the same number of steps.
struct SGD: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "sgd", summary: "Repairs wrong answer tokens by plain gradient descent on the down projections.",
        requires: [.prompt, .answer])

    enum Form: String, ParameterChoice {
        /// Steps for every failing token, on its own loss.
        case token
        /// Steps for every answer with a failing token, on the mean loss of all its tokens.
        case finetune
    }

    @Parameter("form", help: "The loss of a step: of a failing token (token), or the mean over its answer (finetune).")
    var form = Form.token

    let repair = RepairSettings()
    let steps = StepSettings()

    func validate() throws {
        guard form == .token || repair.wrongTokens == .anew else {
            throw SutureError(
                .invalidArgument, "sgd: wrong_tokens is once, but form: finetune trains whole answers",
                hint: "remove wrong_tokens")
        }
    }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let answers = try AnswerRepair(cases, "sgd", repair, in: session)
        var changes = WeightChanges(try session.model)
        switch form {
        case .token:
            try answers.oneByOne(&changes) { failure, changes, _ in
                try descend([failure.row], [failure], at: locations, &changes, in: session)
            }
        case .finetune:
            // A limit that no second answer fits in: a batch is one answer, as published.
            for group in answers.groups(keepsRightTokens: true, limit: 1) {
                try answers.together(group, &changes, keepsRightTokens: true) { rows, failures, changes in
                    try descend(rows, failures, at: locations, &changes, in: session)
                }
            }
        }
        return try changes.patch
    }

    private func descend(
        _ rows: [RepairRow], _ failures: [Failure], at locations: [Location], _ changes: inout WeightChanges,
        in session: Session
    ) throws -> Int {
        let neurons = try repair.neurons(for: failures, at: locations, of: "sgd", changes.model, in: session)
        let pass = try RepairPass(rows, layers: neurons.layers, tokenBudget: repair.tokenBudget, changes.model)
        return try RepairLoop(settings: steps).run(pass, &changes, willStep: { try session.progress("repair") }) {
            let units = neurons.units(at: $0)
            return LayerStep(try $1.weightGradient(at: $0, units: units) * -steps.rate, units: units)
        }
    }
}
