// SPDX-License-Identifier: Apache-2.0

import SutureKit

// The laws of estimators: the influence of an example is its own, whatever block it comes in.

extension Laws {
    func check(_ estimator: any Estimator, _ findings: Findings) {
        let sums = findings.attempt("fit") {
            let session = try session()
            return try estimator.sumNames(inPass: 1, in: session)
        }
        guard let sums else { return }
        guard sums.isEmpty else {
            // The sessions of laws keep nothing, and it traces nothing without its sums.
            for law in [Law.finite, .repeats, .blocks] { findings.skip(law, "it has to be fitted first") }
            return
        }
        // The host gives no example and no query without a text.
        let texts = texts.filter { !$0.text.isEmpty }
        let ask = { (examples: [MarkedText]) in
            findings.attempt("trace") { try estimator.traced(texts, by: examples, in: session()) }
        }
        guard let influence = ask(texts) else { return }
        findings.check(
            .answers, influence.count == texts.count * texts.count,
            "asked about \(texts.count) queries and as many examples, it answers \(influence.count) times")
        guard influence.count == texts.count * texts.count else { return }
        findings.check(.finite, influence.allSatisfy(\.isFinite), "its influence is not finite")
        findings.check(
            .repeats, ask(texts) == influence, "asked twice about the same texts, it gives different answers")
        // Influence is a sum over all weights, in which most cancels, so rounding is a part of the largest one.
        let tolerance = influenceTolerance * max(1, influence.map { abs($0) }.max() ?? 0)
        for (place, example) in texts.enumerated() {
            guard let alone = ask([example]) else { return }
            let expected = texts.indices.map { influence[$0 * texts.count + place] }
            let isSame = zip(alone, expected).allSatisfy { abs($0 - $1) <= tolerance }
            findings.check(
                .blocks, isSame && alone.count == expected.count,
                "the influence of an example depends on the other examples of its block")
            guard isSame else { return }
        }
    }
}

extension Laws {
    /// How far an example's influence may move with its block: by rounding, which in half precision keeps two digits of a
    /// gradient.
    private var influenceTolerance: Double {
        guard let dtype = try? session().model.info.dtype else { return 1e-4 }
        return dtype == dtype.widened ? 1e-4 : 1e-2
    }
}

extension Estimator {
    /// The influence of examples on queries, row by row.
    fileprivate func traced(
        _ queries: [MarkedText], by examples: [MarkedText], in session: Session
    ) throws -> [Double] {
        try influence(of: examples, on: prepare(queries, in: session), in: session).cast(to: .float64).scalars()
    }
}
