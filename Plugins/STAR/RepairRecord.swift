// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the repair of one case took and gave.
struct RepairRecord {
    var caseIndex: Int
    /// Wrong answer tokens when the case's turn came.
    var failures: Int
    /// How many of these are right when its turn is over.
    var solved = 0
    /// Answer tokens that were right and are wrong then.
    var broken = 0
    /// Steps of the optimiser, or patches tried. Of a group that is repaired together: a case's share.
    var steps = 0.0
    /// Wall clock, for the log; of a group: a case's share. It is no figure, because figures repeat from run to run.
    var seconds = 0.0
    /// Neurons that were patched and kept; nil where whole layers are written.
    var patchedNeurons: Int?

    var scores: [Score] {
        var scores = [
            Score("failures", Double(failures), caseIndex: caseIndex),
            Score("solved", Double(solved), caseIndex: caseIndex),
            Score("broken", Double(broken), caseIndex: caseIndex),
            Score("steps", steps, caseIndex: caseIndex),
        ]
        if let patchedNeurons {
            scores.append(Score("patched_neurons", Double(patchedNeurons), caseIndex: caseIndex))
        }
        return scores
    }

    /// Compares an answer's first choices with those before.
    mutating func judge(_ answer: ReferenceAnswer, before: [Int], after: [Int]) {
        let (old, new) = (Set(answer.failures(before)), Set(answer.failures(after)))
        failures = old.count
        solved = old.subtracting(new).count
        broken = new.subtracting(old).count
    }
}

/// Seconds since it was made, by a clock that is never set.
struct Stopwatch {
    private let start = ContinuousClock.now

    var seconds: Double {
        let (whole, fraction) = start.duration(to: .now).components
        return Double(whole) + Double(fraction) * 1e-18
    }
}
