// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Changes upon changes as one patch.
struct PatchSum {
    private(set) var patch = Patch()

    /// Adds changes. Factors of one weight are joined as long as they are smaller than the weight; otherwise its
    /// changes become one matrix.
    ///
    /// - Parameter model: says the shapes of weights.
    mutating func add(_ added: Patch, _ model: Model) throws {
        for delta in added.deltas {
            guard let place = patch.deltas.firstIndex(where: { $0.parameter == delta.parameter }) else {
                patch.deltas.append(delta)
                continue
            }
            let shape = try model.parameter(delta.parameter).shape
            patch.deltas[place].form = try PatchSum.joined(patch.deltas[place], delta, shape: shape)
        }
    }

    private static func joined(_ a: Delta, _ b: Delta, shape: [Int]) throws -> Delta.Form {
        if case .lowRank(let leftA, let rightA) = a.form, case .lowRank(let leftB, let rightB) = b.form {
            let rank = leftA.shape[1] + leftB.shape[1]
            if rank * (shape[0] + shape[1]) < shape[0] * shape[1] {
                return .lowRank(
                    left: try Tensor.concatenated([leftA, leftB], 1),
                    right: try Tensor.concatenated([rightA, rightB], 0))
            }
        }
        return .dense(try a.dense(shape: shape) + b.dense(shape: shape))
    }
}
