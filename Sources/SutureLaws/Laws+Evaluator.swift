// SPDX-License-Identifier: Apache-2.0

import SutureKit

// The laws of evaluators: the host may cut the cases into calls, and sort the scores, as it likes.

extension Laws {
    /// The largest difference of a score between one call for all cases and one for each, absolute below 1 and relative
    /// above: float32 log-probabilities depend on the shape of the batch in the sixth digit, and a few of them are
    /// added.
    public static let scoreTolerance = 1e-4

    /// The largest difference of a figure between two orders of the same scores, absolute below 1 and relative above:
    /// sums in float64.
    public static let figureTolerance = 1e-9

    func check(_ evaluator: any Evaluator, _ findings: Findings) {
        guard let whole = ask("evaluate", findings, { try evaluator.evaluate(cases, in: $0) }) else { return }
        if whole.isEmpty { for law in [Law.ownCases, .split] { findings.skip(law, "it gave no case a score") } }
        let asked = Set(cases.map(\.index))
        let stray = whole.first { !($0.caseIndex.map(asked.contains) ?? false) }
        findings.check(
            .ownCases, stray == nil,
            "asked about cases, it gives the score \"\(stray?.name ?? "")\" to "
                + (stray?.caseIndex.map { "case \($0), which was not among them" } ?? "none of them"))
        if let again = ask("evaluate", findings, { try evaluator.evaluate(cases, in: $0) }) {
            findings.check(
                .repeats, differing(whole, again, within: 0) == nil,
                "asked twice about the same cases, it gives different scores"
            )
        }
        var parts: [Score]? = []
        for editCase in cases {
            let part = ask("evaluate", findings) { try evaluator.evaluate([editCase], in: $0) }
            parts = part.flatMap { part in parts.map { $0 + part } }
        }
        if let parts {
            let name = differing(whole, parts, within: Laws.scoreTolerance)
            findings.check(
                .split, name == nil, "its score \"\(name ?? "")\" depends on how the cases are split into calls")
        }

        guard let alone = ask("evaluate without cases", findings, { try evaluator.evaluate([], in: $0) }) else {
            return
        }
        let named = alone.first { $0.caseIndex != nil }
        findings.check(
            .ownCases, named == nil,
            "asked about no case, it gives the score \"\(named?.name ?? "")\" to case \(named?.caseIndex ?? 0)")
        checkSummary(of: evaluator, whole + alone, findings)
    }

    private func checkSummary(of evaluator: any Evaluator, _ scores: [Score], _ findings: Findings) {
        if scores.isEmpty { findings.skip(.order, "it gave no score") }
        // Backwards; the second half first; by value.
        let half = scores.count / 2
        let orders = [
            scores, scores.reversed(), Array(scores[half...] + scores[..<half]), scores.sorted { $0.value < $1.value },
        ]
        var first: [Metric]?
        for order in orders {
            guard let metrics = findings.attempt("summarize", { try evaluator.summarize(order) }) else { return }
            guard let expected = first else {
                first = metrics
                continue
            }
            let name = differing(expected, metrics)
            findings.check(.order, name == nil, "its figure \"\(name ?? "")\" depends on the order of the scores")
            if name != nil { return }
        }
    }

    /// The name of the first score that only one side has, or that has another value; nil where all agree.
    private func differing(_ a: [Score], _ b: [Score], within tolerance: Double) -> String? {
        func sorted(_ scores: [Score]) -> [Score] {
            // A stable order: scores of one name keep the order in which the evaluator gave them.
            scores.enumerated().sorted {
                ($0.element.caseIndex ?? -1, $0.element.name, $0.offset)
                    < ($1.element.caseIndex ?? -1, $1.element.name, $1.offset)
            }.map(\.element)
        }
        let (a, b) = (sorted(a), sorted(b))
        for (a, b) in zip(a, b)
        where a.name != b.name || a.caseIndex != b.caseIndex || !isClose(a.weight, b.weight, within: tolerance)
            || !isClose(a.value, b.value, within: tolerance)
        { return a.name }
        return a.count == b.count ? nil : (a.count > b.count ? a : b)[min(a.count, b.count)].name
    }

    /// The name of the first figure that only one side has, or that is another; nil where all agree. Their order is
    /// free.
    private func differing(_ a: [Metric], _ b: [Metric]) -> String? {
        func sorted(_ metrics: [Metric]) -> [Metric] {
            metrics.sorted { ($0.name, $0.protocol, $0.value) < ($1.name, $1.protocol, $1.value) }
        }
        let (a, b) = (sorted(a), sorted(b))
        for (a, b) in zip(a, b) {
            let haveSameError =
                switch (a.standardError, b.standardError) {
                case (let x?, let y?): isClose(x, y, within: Laws.figureTolerance)
                case (nil, nil): true
                default: false
                }
            let isSame =
                (a.name, a.protocol, a.unit, a.n) == (b.name, b.protocol, b.unit, b.n) && a.direction == b.direction
            guard isSame, haveSameError, isClose(a.value, b.value, within: Laws.figureTolerance) else { return a.name }
        }
        return a.count == b.count ? nil : (a.count > b.count ? a : b)[min(a.count, b.count)].name
    }
}

/// Whether two numbers differ by at most a tolerance, times the larger of them where that is above 1. Equal infinities
/// are close, and so are two values that are no numbers.
func isClose(_ a: Double, _ b: Double, within tolerance: Double) -> Bool {
    a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(1, abs(a), abs(b))
}
