// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Evaluators

@Suite("Judges")
struct JudgeTests {
    @Test("phrases gives the share of its phrases that a text has, whatever case and punctuation are")
    func phrases() throws {
        let judge = PhraseJudge()
        judge.phrases = ["Paris", "the river Seine", "Lyon"]
        let session = try TestSession(TinyModel.load(.gpt2))
        let texts = ["PARIS, on a River Seine.", "Parisian", ""].map { MarkedText(text: $0) }
        #expect(try judge.judge(texts, in: session.session) == [2.0 / 3, 0, 0])
        judge.phrases = ["Paris", " . "]
        #expect(throws: SutureError.self) { try judge.validate() }
    }

    @Test("judged hands the model's own text of every prompt to its judge, and keeps the judge's numbers apart")
    func judged() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        session.components["judge"] = LengthJudge()
        let evaluator = JudgedText()
        evaluator.judge = ComponentReference(slot: "judge")
        let cases = TinyCases.make(2)
        let scores = try evaluator.evaluate(cases, in: session.session)
        #expect(scores.filter { $0.name == "prompt" }.map(\.caseIndex) == cases.map(\.index))
        #expect(scores.count { $0.name == "paraphrase" } == cases.reduce(0) { $0 + $1.paraphrasePrompts.count })
        // Each number is of the text that the model says after that very prompt.
        let said = try evaluator.continuation.continuations(
            of: cases.map(\.filledPrompt), try session.model, in: session.session)
        #expect(scores.filter { $0.name == "prompt" }.map(\.value) == said.map { Double($0.text.utf8.count) })
    }

    @Test("a judge that leaves a text out is named by its setting")
    func incomplete() throws {
        let session = try TestSession(TinyModel.load(.gpt2))
        session.components["judge"] = SilentJudge()
        #expect(
            throws: SutureError(
                .internal, "silent judged 0 of 1 texts", hint: "report this to its author")
        ) { try session.session.judge([MarkedText(text: "x")], with: ComponentReference(slot: "judge")) }
    }
}

private struct LengthJudge: Judge {
    static let descriptor = ComponentDescriptor(id: "length", summary: "Bytes of a text.")
    func judge(_ texts: [MarkedText], in session: Session) throws -> [Double] {
        texts.map { Double($0.text.utf8.count) }
    }
}

private struct SilentJudge: Judge {
    static let descriptor = ComponentDescriptor(id: "silent", summary: "Says nothing.")
    func judge(_ texts: [MarkedText], in session: Session) throws -> [Double] { [] }
}
