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
        let flat = rows.flatMap { $0 }
        var losses = [Double](repeating: 0, count: flat.count)
        for batch in TokenBatch.batches(ofLengths: flat.map(\.tokens.count), budget: tokenBudget) {
            let chosen = batch.map { flat[$0] }
            let reads = chosen.enumerated().flatMap { i, row in
                row.reads.map { TokenIndex(row: i, position: $0.position) }
            }
            let output = try model.forward(Forward(try TokenBatch(chosen.map(\.tokens)), logits: .at(reads)))
            guard let logits = output.logits else { throw SutureError(.internal, "the model returned no logits") }
            let targets = try Tensor(chosen.flatMap(\.target), device: logits.device)
            let values = try logits.cast(to: .float32).crossEntropy(targets, reduction: .none).scalars(as: Double.self)
            var next = 0
            for (row, place) in zip(chosen, batch) {
                losses[place] = values[next..<next + row.target.count].reduce(0, +) / Double(row.target.count)
                next += row.target.count
            }
        }
        var start = 0
        return rows.map { own in
            defer { start += own.count }
            return losses[start..<start + own.count].reduce(0, +) / Double(own.count)
        }
    }
}
