// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How likely the new objects are at three points of an edit, so that what the write loses of the value can be seen.
package enum RewriteLikelihood {
    /// Records per case the mean over context templates of the new object's mean −log p, in nats: on the model before
    /// (`rewrite_nll_initial`), with the value put in (`rewrite_nll_value`), and with the weights written
    /// (`rewrite_nll_written`). exp of it is a perplexity.
    ///
    /// - Parameter edited: the model with the weights written. One pass over the rows.
    package static func record(
        initial: [Double], value: [Double], of cases: [EditCase], _ templates: ContextTemplates,
        _ settings: ValueSettings, _ edited: Model, in session: Session
    ) throws {
        try session.progress("measure")
        let objective = RewriteObjective(templates: templates, token: settings.factToken)
        let written = try measure(cases, objective, edited, tokenBudget: settings.tokenBudget)
        for (i, editCase) in cases.enumerated() {
            try session.record(Score("rewrite_nll_initial", initial[i], caseIndex: editCase.index))
            try session.record(Score("rewrite_nll_value", value[i], caseIndex: editCase.index))
            try session.record(Score("rewrite_nll_written", written[i], caseIndex: editCase.index))
        }
    }

    /// The same figure measured on a model with nothing put in.
    static func measure(
        _ cases: [EditCase], _ objective: RewriteObjective, _ model: Model, tokenBudget: Int
    ) throws -> [Double] {
        let rows = try cases.map { try objective.rows(for: $0, model) }
        let readings = try model.read(rows.joined().map(\.forced), .losses, tokenBudget: tokenBudget)
        return readings.slices(ofCounts: rows.map(\.count)).map { own in
            own.compactMap { $0.losses.mean() }.mean() ?? 0
        }
    }
}
