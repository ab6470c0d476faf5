// SPDX-License-Identifier: Apache-2.0

import SutureKit

// Components that do what a test tells them, which is to break a law.

/// Finds one sound location, or what it is told.
struct TestLocator: Locator {
    static let descriptor = ComponentDescriptor(id: "test", summary: "For tests.")
    var body: ([EditCase], Session) throws -> [Location] = { _, _ in
        [Location(.neurons(1), score: 1, isSelected: true)]
    }
    func locate(_ cases: [EditCase], in session: Session) throws -> [Location] { try body(cases, session) }
}

/// Changes nothing, or what it is told.
struct TestPatcher: Patcher {
    static let descriptor = ComponentDescriptor(id: "test", summary: "For tests.")
    var body: ([EditCase], Session) throws -> [Delta] = { _, _ in [] }
    func patch(_ cases: [EditCase], at _: [Location], in session: Session) throws -> Patch {
        Patch(try body(cases, session))
    }
}

/// Gives every case a 1, and their mean, or what it is told.
struct TestEvaluator: Evaluator {
    static let descriptor = ComponentDescriptor(id: "test", summary: "For tests.")
    var scores: ([EditCase], Session) throws -> [Score] = { cases, _ in
        cases.map { Score("one", 1, caseIndex: $0.index) }
    }
    var figures: ([Score]) throws -> [Metric] = { scores in
        [Metric.mean(of: "one", in: scores, unit: "", direction: .none, protocol: "test")].compactMap(\.self)
    }
    func evaluate(_ cases: [EditCase], in session: Session) throws -> [Score] { try scores(cases, session) }
    func summarize(_ scores: [Score]) throws -> [Metric] { try figures(scores) }
}

/// Marks nothing, or what it is told.
struct TestAnnotator: Annotator {
    static let descriptor = ComponentDescriptor(id: "test", summary: "For tests.")
    var body: ([MarkedText]) throws -> [[Range<Int>]] = { texts in texts.map { _ in [] } }
    func annotate(_ texts: [MarkedText], in _: Session) throws -> [[Range<Int>]] { try body(texts) }
}

/// Gives every text a 1, or what it is told.
struct TestJudge: Judge {
    static let descriptor = ComponentDescriptor(id: "test", summary: "For tests.")
    var body: ([MarkedText]) throws -> [Double] = { texts in texts.map { _ in 1 } }
    func judge(_ texts: [MarkedText], in _: Session) throws -> [Double] { try body(texts) }
}

/// Counts the times that it is asked.
final class AskCount {
    private var count = 0
    var next: Int {
        count += 1
        return count
    }
}
