// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension Model {
    /// The tokens in front of a text. A model reads something before it speaks, be it the mark where texts begin.
    package func start(_ prompt: String) throws(SutureError) -> [Int] {
        let ids = try encode(prompt, addsSpecialTokens: true)
        if !ids.isEmpty { return ids }
        guard let token = info.beginningToken ?? info.endToken else {
            throw SutureError(
                .failedPrecondition, "the model has no token with which a text without a prompt could begin",
                hint: "give every text a prompt")
        }
        return [token]
    }

    /// What the model says after some rows, in calls of at most 64 rows. The size is fixed: which random numbers a row draws
    /// depends on its place in the call.
    ///
    /// - Parameters:
    ///   - generation: its seed is that of the first call; each further call has the next.
    ///   - willRun: called before each call with the number of rows that are done.
    package func spoken(
        after rows: [[Int]], _ generation: Generation, willRun: (Int) throws -> Void = { _ in }
    ) throws -> [[Int]] {
        let rowsPerCall = 64
        var responses: [[Int]] = []
        for (call, start) in stride(from: 0, to: rows.count, by: rowsPerCall).enumerated() {
            try willRun(start)
            var generation = generation
            generation.seed += call
            responses += try generate(Array(rows[start..<min(start + rowsPerCall, rows.count)]), generation)
        }
        return responses
    }
}
