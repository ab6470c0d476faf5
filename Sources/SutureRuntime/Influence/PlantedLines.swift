// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Which training examples are known to be planted: a file with the number of a line of the training file a line, from 1.
struct PlantedLines {
    /// Of the examples.
    let indices: Set<Int>

    /// - Throws: `file` for what is no number, or no line with an example.
    init(_ path: String, of training: TrainingFile) throws(RuntimeError) {
        var wanted: Set<Int> = []
        for text in try TextFile(path).lines {
            guard let line = Int(text.trimmingCharacters(in: .whitespaces)), line > 0 else {
                throw RuntimeError(
                    .file, "'\(path)' has \"\(text)\" where the number of a line is expected",
                    hint: "write one line number of the training file a line, from 1")
            }
            wanted.insert(line)
        }
        var found: Set<Int> = []
        for start in stride(from: 0, to: training.count, by: 64) {
            let range = start..<min(start + 64, training.count)
            for (index, line) in zip(range, try training.lines(range)) where wanted.remove(line) != nil {
                found.insert(index)
            }
        }
        if let missing = wanted.min() {
            throw RuntimeError(
                .file, "'\(path)' names line \(missing), which is no example of '\(training.path)'",
                hint: "give the list that belongs to this training file, and no training.limit below it")
        }
        indices = found
    }
}
