// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The predictions that the loss of some rows reads, and how they add up to one number per case.
struct ValueReads {
    /// Where predictions are read; positions count from the lookup token.
    let tokens: TokenPositions
    /// The same predictions, where each is a row of its own: one token a row, at the row's first position.
    let single: IntegerVector
    let first: TokenPositions
    /// The case of each.
    let owners: [Int]
    /// int64 `[read]`; 0 for a divergence.
    let targets: Tensor
    /// `[case, read]`, float32: sums become means, over the reads of a row, then over a case's rows by their weights.
    let weights: Tensor

    /// - Parameter owners: the case of each row.
    /// - Parameter count: the number of cases. A case without rows has the sum 0.
    /// - Parameter isIncluded: which rows are read.
    init(
        _ rows: [ValueRow], owners: IntegerVector, cases count: Int, device: Device,
        where isIncluded: (ValueRow) -> Bool,
        weighing weighs: (ValueRow) -> Bool = { _ in true }
    ) throws {
        var tokens: [TokenIndex] = []
        var targets: [Int] = []
        var readOwners: [Int] = []
        var shares: [Double] = []
        var totals = [Double](repeating: 0, count: count)
        for (i, row) in rows.enumerated() where isIncluded(row) {
            let weight = weighs(row) ? row.weight : 0
            totals[owners[i]] += weight
            for read in row.forced.reads {
                tokens.append(TokenIndex(row: i, position: read.position - row.lookup))
                targets.append(read.target)
                readOwners.append(owners[i])
                shares.append(weight / Double(max(row.count, 1)))
            }
        }
        var weights = [Float](repeating: 0, count: count * tokens.count)
        for (i, owner) in readOwners.enumerated() where totals[owner] > 0 {
            weights[owner * tokens.count + i] = Float(shares[i] / totals[owner])
        }
        self.tokens = TokenPositions(tokens)
        single = IntegerVector(repeatElement(1, count: tokens.count))
        first = TokenPositions(tokens.indices.map { TokenIndex(row: $0, position: 0) })
        self.owners = readOwners
        self.targets = try Tensor(targets, device: device)
        self.weights = try Tensor(weights, shape: [count, tokens.count], device: device)
    }

    /// Weighted sums of one number per read: `[case]`.
    func perCase(_ values: Tensor) throws -> Tensor {
        try weights.matmul(values.unsqueezed(1)).squeezed(1)
    }
}
