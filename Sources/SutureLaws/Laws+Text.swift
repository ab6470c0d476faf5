// SPDX-License-Identifier: Apache-2.0

import SutureKit

// The laws of annotators and judges: each text has an answer of its own, whatever other texts are asked about with it.

extension Laws {
    func check(_ annotator: any Annotator, _ findings: Findings) {
        let ask = { (texts: [MarkedText], findings: Findings) in
            answers("annotate", texts, findings) { try annotator.annotate(texts, in: $0) }
        }
        guard let marks = ask(texts, findings) else { return }
        if marks.allSatisfy(\.isEmpty) { findings.skip(.marks, "it marked nothing") }
        for (text, marks) in zip(texts, marks) where !marks.isEmpty {
            let fault = text.fault(of: marks)
            findings.check(.marks, fault == nil, "it marks \(fault ?? "")")
            if fault != nil { break }
        }
        findings.check(
            .repeats, ask(texts, findings) == marks, "asked twice about the same texts, it gives different marks")
        checkIndependence(of: marks, findings, ask)
    }

    func check(_ judge: any Judge, _ findings: Findings) {
        // As bits, so that a judgement that is no number equals itself.
        let ask = { (texts: [MarkedText], findings: Findings) in
            answers("judge", texts, findings) { try judge.judge(texts, in: $0).map(\.bitPattern) }
        }
        guard let values = ask(texts, findings) else { return }
        let odd = values.map(Double.init(bitPattern:)).first { !$0.isFinite }
        findings.check(.finite, odd == nil, "its judgement \(odd ?? 0) is not finite")
        findings.check(
            .repeats, ask(texts, findings) == values, "asked twice about the same texts, it gives different judgements")
        checkIndependence(of: values, findings, ask)
    }

    /// What a component says of each text, in a new session; nil where it throws, or leaves a text out.
    private func answers<Answer>(
        _ question: String, _ texts: [MarkedText], _ findings: Findings,
        _ body: (Session) throws -> [Answer]
    ) -> [Answer]? {
        let answers = findings.attempt(question) { try body(session()) }
        guard let answers else { return nil }
        findings.check(
            .answers, answers.count == texts.count,
            "asked about \(texts.count) texts, it answers \(answers.count) times")
        return answers.count == texts.count ? answers : nil
    }

    /// Asks about the texts backwards, and about each alone.
    private func checkIndependence<Answer: Equatable>(
        of answers: [Answer], _ findings: Findings,
        _ ask: ([MarkedText], Findings) -> [Answer]?
    ) {
        let backwards = ask(texts.reversed(), findings).map { Array($0.reversed()) }
        var alone: [Answer]? = []
        for text in texts {
            let answer = ask([text], findings)
            alone = answer.flatMap { answer in alone.map { $0 + answer } }
        }
        let areSame = [backwards, alone].allSatisfy { $0.map { $0 == answers } ?? true }
        findings.check(.independence, areSame, "what it says of a text depends on the other texts of the call")
    }
}

extension MarkedText {
    /// What is wrong with marks of this text, for a sentence: outside, within a character, overlapping; nil where they
    /// are sound.
    fileprivate func fault(of marks: [Range<Int>]) -> String? {
        let bytes = Array(text.utf8)
        // The first byte of a scalar is no continuation byte; the end of the text is a boundary.
        func isBoundary(_ place: Int) -> Bool { place == bytes.count || bytes[place] & 0xC0 != 0x80 }
        for mark in marks {
            guard 0 <= mark.lowerBound, mark.upperBound <= bytes.count else {
                return "the bytes \(mark) of a text that has \(bytes.count)"
            }
            guard isBoundary(mark.lowerBound), isBoundary(mark.upperBound) else {
                return "the bytes \(mark) of a text, which begin or end within a character"
            }
        }
        let sorted = marks.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
        for (mark, next) in zip(sorted, sorted.dropFirst()) where mark.overlaps(next) {
            return "the bytes \(mark) and \(next) of a text, which overlap"
        }
        return nil
    }
}
