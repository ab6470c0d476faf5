// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What a base method recorded of one pass, by case.
struct PassScores {
    let scores: [Score]

    /// The values of a name by case.
    private func values(_ name: String) -> [Int: Double] {
        var values: [Int: Double] = [:]
        for score in scores where score.name == name { if let index = score.caseIndex { values[index] = score.value } }
        return values
    }

    /// The mean over cases; nil where the base records no such score.
    func mean(_ name: String) -> Double? {
        values(name).values.mean()
    }

    /// |p(theta) − p(h)| of each case: the perplexity of the new object with the weights written against that with the
    /// value put in. With its sign on request.
    func approximationErrors(isSigned: Bool = false) throws -> [(caseIndex: Int, error: Double)] {
        let written = values("rewrite_nll_written")
        let cases = values("rewrite_nll_value").filter { written[$0.key] != nil }.sorted { $0.key < $1.key }
        guard !cases.isEmpty else { return [] }
        let logarithms = cases.map { (written[$0.key] ?? 0, $0.value) }
        let perplexities = try Tensor(logarithms.map(\.0)).exp() - Tensor(logarithms.map(\.1)).exp()
        let errors = try isSigned ? perplexities : perplexities.abs()
        return try zip(cases, errors.scalars(as: Double.self)).map { ($0.key, $1) }
    }
}
