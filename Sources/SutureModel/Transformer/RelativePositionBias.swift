// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

/// What attention adds to its scores by the distance of two tokens: one table for all blocks of a stack (Raffel et al.
/// 2020, section 2.1).
struct RelativePositionBias: Sendable {
    /// `[bucket, head]`
    private let table: Tensor
    /// The bucket of each distance backwards, from 0 to the largest.
    private let before: [Int]
    /// The bucket of each distance forwards, from 1 to the largest; empty where attention looks back only.
    private let after: [Int]

    /// - Parameter isCausal: whether attention looks back only, so that all buckets are for what comes before a token.
    init(_ encoder: EncoderConfiguration, table: Tensor, isCausal: Bool) throws(SutureError) {
        self.table = table
        let count = isCausal ? encoder.bucketCount : encoder.bucketCount / 2
        before = try Self.buckets(count, largest: encoder.largestDistance)
        after = isCausal ? [] : before.dropFirst().map { $0 + count }
    }

    /// The bucket of each distance from 0 to the largest. Half of the buckets are for one distance each, the other half for
    /// distances that grow by a factor.
    private static func buckets(_ count: Int, largest: Int) throws(SutureError) -> [Int] {
        let exact = count / 2
        // In float32 by the same operations as transformers, since powers of two lie on the border of two buckets.
        let far = try Tensor.range(exact..<largest + 1).cast(to: .float32)
        let scale = Foundation.log(Double(largest) / Double(exact))
        let steps = try ((far / Double(exact)).log() / scale * Double(count - exact)).cast(to: .int64)
        return Array(0..<exact) + (try steps.scalars(as: Int.self)).map { min(exact + $0, count - 1) }
    }

    /// `[1, head, query, key]` for the tokens of one text.
    func callAsFunction(queries: Int, keys: Int) throws(SutureError) -> Tensor {
        let largest = before.count - 1
        // One row for each difference of position, from −(queries − 1) on.
        let buckets = (0..<queries + keys - 1).map { place in
            let ahead = place - (queries - 1)
            guard ahead > 0 else { return before[min(-ahead, largest)] }
            return after.isEmpty ? before[0] : after[min(ahead, largest) - 1]
        }
        let ofDifference = try table.embedding(Tensor(buckets, device: table.device))
        let differences = try Tensor.range(0..<keys) - Tensor.range(0..<queries).unsqueezed(1) + Double(queries - 1)
        let bias = try ofDifference.embedding(differences.cast(to: .int64, device: table.device))
        return try bias.permuted(2, 0, 1).unsqueezed(0)
    }
}
