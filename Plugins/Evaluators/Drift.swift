// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How far an edit moves predictions that it should leave alone: KL(original ‖ edited) of the next-token distribution,
/// mean over the positions of neutral text, in nats.
///
/// Without a text file the neighbourhood prompts of the cases are the neutral text. Before an edit the drift is 0 by
/// construction and not measured.
struct Drift: Evaluator {
    static let descriptor = ComponentDescriptor(
        id: "drift", summary: "KL divergence of the edited model's predictions from the original's on neutral text.")

    @Parameter("path", help: "UTF-8 text, one text per line; the cases' neighbourhood prompts if not given.")
    var path: FilePath?

    @Parameter(.lineLimit) var limit: Int?
    @Parameter(.batchTokens) var tokenBudget = 2048

    func validate() throws { _ = try path?.lines(limit: 1) }

    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] {
        guard try session.stage != "before" else { return [] }
        if let path {
            guard cases.isEmpty else { return [] }
            return try scores([(nil, try session.model.pieces(of: path.lines(limit: limit)))], in: session)
        }
        let model = try session.model
        return try scores(cases.map { ($0.index, try model.pieces(of: $0.neighborhoodPrompts)) }, in: session)
    }

    func summarize(_ scores: [Score]) throws -> [Metric] {
        [
            Metric.weightedMean(
                of: "drift", in: scores, unit: "nats", direction: .lowerIsBetter, protocol: "KL(original ‖ edited)")
        ].compactMap { $0 }
    }

    /// One score per group of texts (those of a case, or the file), weighted by its positions.
    private func scores(_ groups: [(caseIndex: Int?, texts: [[Int]])], in session: Session) throws -> [Score] {
        let rows = groups.flatMap(\.texts)
        let sums = try session.model.divergences(
            from: session.original, on: rows, at: rows.map(\.indices), tokenBudget: tokenBudget, in: session)
        return zip(groups, sums.slices(ofCounts: groups.map(\.texts.count))).compactMap { group, sums in
            let positions = group.texts.reduce(0) { $0 + $1.count }
            guard positions > 0 else { return nil }
            return Score(
                "drift", sums.reduce(0, +) / Double(positions), caseIndex: group.caseIndex,
                weight: Double(positions))
        }
    }
}
