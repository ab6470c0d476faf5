// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a model said, with what is unwanted in it: `prompt`, `text`, and `marks`, a list of `[start, end]`.
///
/// In the file, marks count the characters of `text` as Python's slices do (Unicode scalars, the end excluded), so a
/// script that writes it needs no encoding; in a case they count bytes of UTF-8. Marks may come in any order and must
/// not overlap. Generations of equal prompts are one case, named by the first. `dataset.where` chooses generations,
/// `offset` and `limit` count cases.
package struct MarkedGenerationsReader: DatasetReader {
    package let name = "marked-generations"
    package let join: Experiment.Dataset.Join? = nil
    package let provides: EditCase.Fields = [.prompt, .generations]

    package init() {}

    package func keys(of field: EditCase.Fields) -> [String] { field == .generations ? ["marks"] : [] }

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        let file = try RecordFile(dataset.path, hint: "each record has 'prompt', 'text' and 'marks'", log)
        var cases: [EditCase] = []
        // Prompts are compared by bytes, so texts that only look alike are different prompts.
        var places: [[UInt8]: Int] = [:]
        for record in try file.records(where: dataset.conditions, log) {
            guard let generation = try log.attempt(record, generation) else { continue }
            let key = Array(generation.prompt.utf8)
            if let place = places[key] {
                cases[place].generations.append(generation)
            } else {
                places[key] = cases.count
                cases.append(
                    EditCase(index: 0, id: record.id, prompt: generation.prompt, generations: [generation]))
            }
        }
        return try dataset.range(of: cases).enumerated().map { index, editCase in
            var editCase = editCase
            editCase.index = index
            return editCase
        }
    }

    private func generation(_ record: CaseRecord) throws(RuntimeError) -> MarkedText {
        let text = try record.nonEmptyText("text")
        // Byte offset of each scalar, and of the end.
        let offsets = text.unicodeScalars.reduce(into: [0]) { $0.append($0[$0.count - 1] + UTF8.width($1)) }
        var marks: [Range<Int>] = []
        for (index, item) in try record.list("marks").enumerated() {
            guard case .list(let ends) = item, ends.count == 2, let start = ends[0].integer, let end = ends[1].integer
            else { throw record.error("has \(item.phrase) at 'marks[\(index)]' instead of two whole numbers") }
            guard start >= 0, start < end, end < offsets.count else {
                throw record.error(
                    "has the mark [\(start), \(end)] in a text of \(offsets.count - 1) characters, at 'marks[\(index)]'",
                    hint: "a mark is [start, end] in characters, the end excluded")
            }
            marks.append(start..<end)
        }
        marks.sort { $0.lowerBound < $1.lowerBound }
        for (mark, next) in zip(marks, marks.dropFirst()) where mark.overlaps(next) {
            throw record.error(
                "has marks that overlap: [\(mark.lowerBound), \(mark.upperBound)] and [\(next.lowerBound), "
                    + "\(next.upperBound)] in 'marks'", hint: "join them")
        }
        return MarkedText(
            prompt: try record.anyText("prompt"), text: text,
            marks: marks.map { offsets[$0.lowerBound]..<offsets[$0.upperBound] })
    }
}
