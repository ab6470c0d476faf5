// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Which tokens stand as labels in the gradients that a curvature is made of (§4).
enum Labels: String, ParameterChoice {
    /// Drawn from the model's prediction: the true Fisher, which is the Gauss–Newton matrix for softmax.
    case model
    /// Those of the text: the empirical Fisher.
    case data
}

/// Tokens drawn from the model's predictions. An example's draws depend on its text and a seed alone, so that blocks, shards
/// and batches change nothing.
struct LabelDraws {
    /// Logits that are looked at together.
    private static let roomy = 1 << 24

    /// One number in 0 ..< 1 for each read, in the order of a batch's reads.
    private let numbers: Tensor

    /// - Parameter examples: those of the rows that the batch's places refer to.
    init(for batch: ForcedBatch, of examples: [MarkedText], seed: Int) throws(SutureError) {
        var counts = [Int](repeating: 0, count: batch.places.count)
        for read in batch.reads { counts[read.row] += 1 }
        var numbers: [Tensor] = []
        for (place, count) in zip(batch.places, counts) where count > 0 {
            let digest = mixed(digest(examples[place]) &+ mixed(UInt64(seed)))
            numbers.append(
                try RandomNumbers(seed: Int(truncatingIfNeeded: digest >> 1)).uniform([count], dtype: .float64))
        }
        self.numbers = try Tensor.concatenated(numbers)
    }

    /// The first token at which the probabilities up to it exceed the read's number, int64 `[read]`.
    ///
    /// - Parameter logits: `[read, vocabulary]`
    func targets(_ logits: Tensor) throws(SutureError) -> Tensor {
        let (count, vocabulary) = (logits.shape[0], logits.shape[1])
        let step = max(1, LabelDraws.roomy / vocabulary)
        var targets: [Tensor] = []
        for start in stride(from: 0, to: count, by: step) {
            let range = start..<min(start + step, count)
            let sums = try logits[range].softmax().cumulativeSum(1).cast(to: .float64)
            // Rounding lets a row end a little off 1.
            let bounds =
                try numbers[range].cast(device: logits.device).unsqueezed(1)
                * sums.sliced(1, vocabulary - 1..<vocabulary)
            targets.append(try sums.lessOrEqual(bounds).cast(to: .int64).sum(1))
        }
        return try Tensor.concatenated(targets).minimum(Double(vocabulary - 1)).cast(to: .int64)
    }
}

/// A number all of whose bits depend on all bits of another (the finaliser of SplitMix64).
func mixed(_ number: UInt64) -> UInt64 {
    var z = number &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
