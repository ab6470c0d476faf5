// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The targets that the original model gives for sequences. No gradient flows into it.
///
/// Each sequence is run once and its targets are kept, unless all of them would need more memory than allowed; then
/// they are computed for each batch anew.
struct Teacher {
    let model: Model
    let loss: NegativeLoss
    private var kept: [Tensor?] = []
    private var isKept = false
    /// See ``NegativeLoss/Targets/clampedCount``; over the kept sequences.
    private(set) var clampedCount = 0

    /// - Parameter memory: bytes that kept targets may take.
    init(
        _ model: Model, _ loss: NegativeLoss, for sequences: [TrainingSequence], tokenBudget: Int, memory: Int,
        progress: (Int) throws -> Void
    ) throws {
        self.model = model
        self.loss = loss
        let positions = sequences.reduce(0) { $0 + loss.targetPositions($1.weights).count }
        guard positions > 0 else { return }
        guard positions * model.info.vocabulary * DType.float32.size <= memory else { return }
        isKept = true
        kept = [Tensor?](repeating: nil, count: sequences.count)
        var done = 0
        for batch in TokenBatch.batches(ofLengths: sequences.map(\.tokens.count), budget: tokenBudget) {
            try progress(done)
            let rows = batch.map { sequences[$0] }
            if let targets = try compute(rows) {
                clampedCount += targets.clampedCount
                var start = 0
                for (row, place) in zip(rows, batch) {
                    let count = loss.targetPositions(row.weights).count
                    if count > 0 { kept[place] = try targets.values[start..<start + count] }
                    start += count
                }
            }
            done += batch.count
        }
    }

    /// The targets of some of the sequences, in their order.
    ///
    /// - Parameter places: their places among those of the initialiser.
    func targets(of sequences: [TrainingSequence], at places: [Int]) throws -> Tensor? {
        guard isKept else { return try compute(sequences)?.values }
        let parts = places.compactMap { kept[$0] }
        return parts.isEmpty ? nil : try Tensor.concatenated(parts)
    }

    private func compute(_ sequences: [TrainingSequence]) throws -> NegativeLoss.Targets? {
        var reads: [TokenIndex] = []
        var tokens: [[Int]] = []
        var weights: [Int] = []
        for (row, sequence) in sequences.enumerated() {
            let own = sequence.reads(row: row)
            for i in loss.targetPositions(sequence.weights) {
                reads.append(own[i])
                let unwanted = sequence.unwanted?[i] ?? []
                tokens.append(unwanted.isEmpty ? [sequence.response[i]] : unwanted)
                weights.append(sequence.weights[i])
            }
        }
        guard !reads.isEmpty else { return nil }
        return try withoutGradients {
            let logits = try model.logits(of: sequences.map(\.tokens), at: reads)
            return try loss.targets(logits, tokens: tokens, weights: weights)
        }
    }
}
