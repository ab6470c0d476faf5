// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Plain text: every line that is not blank is the prompt of a case.
package struct TextReader: DatasetReader {
    package let name = "text"
    package let join: Experiment.Dataset.Join? = nil
    package let provides: EditCase.Fields = [.prompt]

    package init() {}

    package func read(_ dataset: Experiment.Dataset, _ log: ReadingLog) throws(RuntimeError) -> [EditCase] {
        guard dataset.conditions.isEmpty else {
            throw RuntimeError(
                .usage, "dataset.where chooses records by their fields, and lines of text have none",
                hint: "use dataset.offset and dataset.limit")
        }
        let (end, overflow) = dataset.offset.addingReportingOverflow(dataset.limit ?? .max)
        let file = try TextFile(dataset.path, limit: overflow ? nil : end)
        return try dataset.range(of: file.lines).enumerated().map { index, line in
            EditCase(index: index, id: "#\(dataset.offset + index)", prompt: line)
        }
    }
}
