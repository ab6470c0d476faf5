// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Model {
    /// KL(original ‖ this) of the next-token distribution in nats, summed over some positions of each row.
    ///
    /// Rows share batches of at most `tokenBudget` tokens, which changes speed and memory, not results. Cost: one pass
    /// of each model.
    func divergences(
        from original: Model, on rows: [[Int]], at positions: [Range<Int>], tokenBudget: Int, in session: Session
    ) throws -> [Double] {
        var sums = [Double](repeating: 0, count: rows.count)
        var done = 0
        for batch in TokenBatch.batches(ofLengths: rows.map(\.count), budget: tokenBudget) {
            try session.progress("evaluate", done, of: rows.count)
            let reads = TokenPositions(
                batch.enumerated().flatMap { i, row in positions[row].map { TokenIndex(row: i, position: $0) } })
            let pass = Forward(try TokenBatch(batch.map { rows[$0] }), logits: .at(reads))
            func logProbabilities(_ model: Model) throws -> Tensor {
                try model.logits(pass).cast(to: .float32).logSoftmax()
            }
            let divergences = try logProbabilities(original).klDivergence(to: logProbabilities(self))
                .scalars(as: Double.self)
            for (divergence, read) in zip(divergences, reads) { sums[batch[read.row]] += divergence }
            done += batch.count
        }
        return sums
    }
}
