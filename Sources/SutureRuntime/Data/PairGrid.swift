// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Pairs as the cells of a grid: a record says in which `group` and in which `setting` it is.
///
/// The same group in other settings are other wordings of a cell's prompt, which an edit should change, too. The same setting
/// in other groups are its neighbours, which an edit should leave alone. (The side-effect protocol of STAR.)
struct PairGrid {
    private struct Cell {
        var position: Int
        var id: String
        var group: String
        var setting: String
        var pair: Pair
    }

    private let cells: [Cell]

    /// - Parameter records: of the whole file, since a cell's relatives count even where they are no cases of a run.
    /// - Throws: what is wrong with a cell, unless such records are skipped.
    init(_ records: [CaseRecord], _ form: PairForm, _ log: ReadingLog) throws(RuntimeError) {
        var cells: [Cell] = []
        for record in records where record.has("group") || record.has("setting") {
            do throws(RuntimeError) {
                cells.append(
                    Cell(
                        position: record.position, id: record.id, group: try record.nonEmptyText("group"),
                        setting: try record.nonEmptyText("setting"), pair: try form.pair(record)))
            } catch {
                guard log.skips else { throw error }
            }
        }
        self.cells = cells
    }

    /// The pairs that ask the same as a record in another setting, and those that ask something else in the same setting.
    ///
    /// - Throws: `file` where the same question has another answer.
    func relatives(of record: CaseRecord) throws(RuntimeError) -> (wordings: [Pair], neighbors: [Pair]) {
        guard record.has("group") || record.has("setting") else { return ([], []) }
        let (group, setting) = (try record.nonEmptyText("group"), try record.nonEmptyText("setting"))
        let own = cells.first { $0.position == record.position }
        var wordings: [Pair] = []
        for cell in cells where cell.group == group && cell.setting != setting {
            guard cell.pair.answer == own?.pair.answer else {
                throw record.error(
                    "has another answer than case \(cell.id), which is in the same group \"\(group)\"",
                    hint: "give both the same answer, or groups of their own")
            }
            wordings.append(cell.pair)
        }
        return (wordings, cells.filter { $0.group != group && $0.setting == setting }.map(\.pair))
    }
}
