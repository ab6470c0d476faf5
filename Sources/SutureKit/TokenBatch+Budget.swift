// SPDX-License-Identifier: Apache-2.0

extension TokenBatch {
    /// Groups rows of these lengths into batches of at most `budget` tokens, padding counted; a longer row is alone.
    ///
    /// Rows of similar length share a batch. Each result lists row numbers; together they are all rows, each once.
    public static func batches(ofLengths lengths: [Int], budget: Int) -> [[Int]] {
        var batches: [[Int]] = []
        // Ascending, so that the last row of a batch sets its width; equal lengths keep their order.
        for row in lengths.indices.sorted(by: { (lengths[$0], $0) < (lengths[$1], $1) }) {
            if let last = batches.last, (last.count + 1) * lengths[row] <= budget {
                batches[batches.count - 1].append(row)
            } else {
                batches.append([row])
            }
        }
        return batches
    }
}
