// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// How the cases of a run are put into patches, and whether weights are restored between them.
package struct EditGroups: Sendable, Hashable {
    package struct Group: Sendable, Hashable {
        package var index: Int
        /// Indices into the run's cases.
        package var cases: Range<Int>
    }

    package var groups: [Group]
    /// Each group starts from the model on disk.
    package var restores: Bool

    /// single: each case alone; batch: all cases in one patch, or groups of a size; sequential: groups of a size (1 by
    /// default) on the model edited so far.
    package init(_ edit: Experiment.Edit, caseCount: Int) {
        let step =
            switch edit.mode {
            case .single: 1
            case .batch: edit.size ?? max(caseCount, 1)
            case .sequential: edit.size ?? 1
            }
        groups = stride(from: 0, to: caseCount, by: step).enumerated().map { index, start in
            Group(index: index, cases: start..<min(start + step, caseCount))
        }
        restores = edit.restore == .afterBatch
    }
}
