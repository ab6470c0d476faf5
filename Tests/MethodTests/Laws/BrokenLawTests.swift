// SPDX-License-Identifier: Apache-2.0

import SutureKit
import SutureLaws
import TestSupport
import Testing
import TorchBackend

/// Each law catches the component that breaks it, and says so in one sentence.
@Suite("Broken laws")
struct BrokenLawTests {
    /// The laws that a component breaks on fresh sessions of a tiny model.
    private func broken(_ component: any Component) throws -> [String] {
        let sessions = try SessionMaker(isEdited: true)
        return Laws(
            of: component, cases: LawSubject.cases, texts: LawSubject.texts, session: sessions.make
        ).broken()
    }

    @Test("Components that break no law have no sentence")
    func sound() throws {
        for component in [TestLocator(), TestPatcher(), TestEvaluator(), TestAnnotator(), TestJudge()]
            as [any Component]
        {
            #expect(try broken(component) == [])
        }
    }

    @Test("What a component throws is a sentence")
    func errors() throws {
        let failure = SutureError(.internal, "no", hint: "ask again")
        #expect(try broken(TestLocator { _, _ in throw failure }) == ["test: locate throws: no; ask again"])
        #expect(try broken(TestJudge { _ in throw failure }) == ["test: judge throws: no; ask again"])
    }

    // MARK: Locators

    @Test("A locator's locations are at places that the model and the cases have")
    func places() throws {
        func location(_ site: Site = .neurons(1), _ index: Int? = nil, at position: Int? = nil, unit: Int? = nil)
            -> Location
        { Location(site, caseIndex: index, position: position, unit: unit, score: 1, isSelected: true) }
        var infinite = location()
        infinite.score = .infinity
        let length = try textLength()
        let faults: [(Location, String)] = [
            (location(.gate(1)), "at blocks.1.gate, and the model has no site gate"),
            (location(.neurons(4)), "at blocks.4.neurons, and the model has 4 layers"),
            (infinite, "at blocks.1.neurons, and its score inf is not finite"),
            (location(.neurons(1), 9), "at blocks.1.neurons for case 9, and it was not asked about that case"),
            (
                location(.neurons(1), 0, at: length),
                "at blocks.1.neurons for case 0, and its position \(length) is outside the \(length) tokens"
            ),
            (location(at: 90), "at blocks.1.neurons, and its position 90 is outside the \(length) tokens"),
            (
                location(unit: 64),
                "at blocks.1.neurons, and its unit 64 is not one of the 64 that the site has"
            ),
            (
                location(.headOutput(0), unit: -1),
                "at blocks.0.head_output, and its unit -1 is not one of the 2 that the site has"
            ),
        ]
        for (location, sentence) in faults {
            #expect(try broken(TestLocator { _, _ in [location] }) == ["test: it finds a location \(sentence)"])
        }
        #expect(try broken(TestLocator { _, _ in [location(.neurons(1), 0, at: length - 1, unit: 63)] }) == [])
    }

    /// The tokens of case 0 with its longest continuation, which is also the shortest of the cases.
    private func textLength() throws -> Int {
        let session = TestSession(try TinyModel.load())
        let model = try session.model
        let lengths = try LawSubject.cases.map { editCase in
            let objects = try [editCase.targetNew, editCase.targetTrue].map {
                try model.encode(prompt: editCase.filledPrompt, target: $0).target.count
            }
            let answer = try model.encode(editCase.answer).count
            return try model.encode(editCase.filledPrompt).count + max(answer, objects.max() ?? 0)
        }
        try #require(lengths.min() == lengths[0])
        return lengths[0]
    }

    @Test("A locator finds the same when it is asked again, and leaves the model alone")
    func locatorEffects() throws {
        let count = AskCount()
        let fickle = TestLocator { _, _ in [Location(.neurons(1), score: Double(count.next), isSelected: true)] }
        #expect(try broken(fickle) == ["test: asked twice for the same cases, it finds different locations"])
        let intruder = TestLocator { _, session in
            try session.disturb()
            return []
        }
        #expect(
            try broken(intruder) == [
                "test: locate changes transformer.h.2.mlp.c_proj.weight of session.model, which must stay as it was"
            ])
    }

    // MARK: Patchers

    @Test("A patcher's changes are of weights that the model has, fit them, and are finite")
    func changes() throws {
        let name = "transformer.h.1.mlp.c_proj.weight"
        func tensor(_ shape: [Int], _ value: Double = 1) throws -> Tensor { try Tensor.full(shape, value) }
        try TestHost.install()
        let (left, right) = (try tensor([16, 2]), try tensor([3, 64]))
        let faults: [(Delta, String)] = [
            (Delta("w", .dense(try tensor([1]))), "w is one of a weight that the model does not have"),
            (Delta(name, .dense(try tensor([16, 64], .nan))), "\(name) has numbers that are not finite"),
            (
                Delta(name, .dense(try tensor([64, 16]))),
                "\(name) has the shape [64, 16], and the weight is [16, 64]"
            ),
            (
                Delta(name, .lowRank(left: left, right: right)),
                "\(name) has factors of the shapes [16, 2] and [3, 64], and the weight is [16, 64]"
            ),
            (
                Delta(name, .rows(rows: try Tensor([0, 1], shape: [2]), values: try tensor([1, 64]))),
                "\(name) has [1, 64] values for int64 rows [2], and the weight is [16, 64]"
            ),
            (
                Delta(name, .rows(rows: try Tensor([16], shape: [1]), values: try tensor([1, 64]))),
                "\(name) changes row 16, and the weight has 16"
            ),
        ]
        for (delta, sentence) in faults {
            let patcher = TestPatcher { cases, _ in cases.isEmpty ? [] : [delta] }
            #expect(try broken(patcher) == ["test: its change of \(sentence)"])
        }
        let sound = Delta(name, .rows(rows: try Tensor([15], shape: [1]), values: try tensor([1, 64])))
        #expect(try broken(TestPatcher { cases, _ in cases.isEmpty ? [] : [sound] }) == [])
        #expect(try broken(TestPatcher { _, _ in [sound] }) == ["test: without cases it changes \(name)"])
    }

    @Test("A patcher changes the same when it is asked again, and leaves the model alone")
    func patcherEffects() throws {
        let count = AskCount()
        let fickle = TestPatcher { cases, _ in
            let change = try Tensor.full([16], Double(count.next))
            return cases.isEmpty ? [] : [Delta("transformer.ln_f.bias", .dense(change))]
        }
        #expect(try broken(fickle) == ["test: asked twice for the same cases, it gives different changes"])
        let intruder = TestPatcher { cases, session in
            if !cases.isEmpty { try session.disturb() }
            return []
        }
        #expect(
            try broken(intruder) == [
                "test: patch changes transformer.h.2.mlp.c_proj.weight of session.model, which must stay as it was"
            ])
    }

    // MARK: Evaluators

    @Test("An evaluator's scores are of the cases that were asked about, whatever calls they come in")
    func scores() throws {
        let crowd = TestEvaluator { cases, _ in
            cases.map { Score("one", Double(cases.count), caseIndex: $0.index) }
        }
        #expect(try broken(crowd) == ["test: its score \"one\" depends on how the cases are split into calls"])
        let forgetful = TestEvaluator { cases, _ in
            cases.prefix(1).map { Score("one", 1, caseIndex: $0.index) }
        }
        #expect(try broken(forgetful) == ["test: its score \"one\" depends on how the cases are split into calls"])
        let heavy = TestEvaluator { cases, _ in
            cases.map { Score("one", 1, caseIndex: $0.index, weight: Double(cases.count)) }
        }
        #expect(try broken(heavy) == ["test: its score \"one\" depends on how the cases are split into calls"])
        let stray = TestEvaluator { cases, _ in cases.map { _ in Score("one", 1, caseIndex: 7) } }
        #expect(
            try broken(stray) == [
                "test: asked about cases, it gives the score \"one\" to case 7, which was not among them"
            ])
        let general = TestEvaluator { cases, _ in cases.map { _ in Score("one", 1) } }
        #expect(try broken(general) == ["test: asked about cases, it gives the score \"one\" to none of them"])
        let invented = TestEvaluator { cases, _ in
            cases.isEmpty ? [Score("one", 1, caseIndex: 2)] : cases.map { Score("one", 1, caseIndex: $0.index) }
        }
        #expect(try broken(invented) == ["test: asked about no case, it gives the score \"one\" to case 2"])
    }

    @Test("An evaluator's scores are the same when it is asked again, and it leaves the model alone")
    func evaluatorEffects() throws {
        let count = AskCount()
        // By less than what the split of cases may change.
        let fickle = TestEvaluator { cases, _ in
            cases.map { Score("one", 1 + 1e-7 * Double(count.next), caseIndex: $0.index) }
        }
        #expect(try broken(fickle) == ["test: asked twice about the same cases, it gives different scores"])
        let intruder = TestEvaluator { cases, session in
            if cases.count > 1 { try session.disturb() }
            return cases.map { Score("one", 1, caseIndex: $0.index) }
        }
        #expect(
            try broken(intruder) == [
                "test: evaluate changes transformer.h.2.mlp.c_proj.weight of session.model, which must stay as it was"
            ])
    }

    @Test("An evaluator's figures do not depend on the order of the scores")
    func figures() throws {
        func metric(_ scores: [Score], _ value: (Score?) -> Double) -> Metric {
            Metric("first", value(scores.first), unit: "", n: scores.count, direction: .none, protocol: "test")
        }
        var evaluator = TestEvaluator { cases, _ in
            cases.map { Score("one", Double($0.index), caseIndex: $0.index) }
        }
        evaluator.figures = { scores in [metric(scores) { $0?.value ?? 0 }] }
        let sentence = "test: its figure \"first\" depends on the order of the scores"
        #expect(try broken(evaluator) == [sentence])
        // Within the tolerance, and outside.
        evaluator.figures = { scores in [metric(scores) { 1e-12 * ($0?.value ?? 0) }] }
        #expect(try broken(evaluator) == [])
        evaluator.figures = { scores in [metric(scores) { 1e-6 * ($0?.value ?? 0) }] }
        #expect(try broken(evaluator) == [sentence])
        evaluator.figures = { scores in scores.first?.value == 0 ? [metric(scores) { _ in 0 }] : [] }
        #expect(try broken(evaluator) == [sentence])
    }

    // MARK: Annotators and judges

    @Test("Marks lie inside the text, on the boundaries of characters, and do not overlap")
    func marks() throws {
        let faults: [([Range<Int>], String)] = [
            ([0..<99], "the bytes 0..<99 of a text that has 16"),
            ([-1..<1], "the bytes -1..<1 of a text that has 16"),
            ([0..<1], "the bytes 0..<1 of a text, which begin or end within a character"),
            ([1..<2], "the bytes 1..<2 of a text, which begin or end within a character"),
            ([3..<7, 6..<9], "the bytes 3..<7 and 6..<9 of a text, which overlap"),
            ([6..<9, 3..<7], "the bytes 3..<7 and 6..<9 of a text, which overlap"),
        ]
        func annotator(_ marks: [Range<Int>]) -> TestAnnotator {
            TestAnnotator { texts in texts.map { $0.text.hasPrefix("é") ? marks : [] } }
        }
        for (marks, sentence) in faults { #expect(try broken(annotator(marks)) == ["test: it marks \(sentence)"]) }
        #expect(try broken(annotator([14..<16, 0..<2, 3..<7, 7..<9])) == [])
    }

    @Test("What is said of a text does not depend on the other texts, and is said of each")
    func independence() throws {
        let count = AskCount()
        let components: [(any Component, [String])] = [
            (
                TestAnnotator { texts in texts.map { $0.text.isEmpty || texts.count < 2 ? [] : [0..<2] } },
                ["test: what it says of a text depends on the other texts of the call"]
            ),
            (
                TestAnnotator { texts in texts.indices.map { $0 == 0 ? [0..<0] : [] } },
                ["test: what it says of a text depends on the other texts of the call"]
            ),
            (
                TestAnnotator { texts in texts.dropFirst().map { _ in [] } },
                ["test: asked about 5 texts, it answers 4 times"]
            ),
            (
                TestJudge { texts in texts.map { _ in Double(texts.count) } },
                ["test: what it says of a text depends on the other texts of the call"]
            ),
            (TestJudge { texts in texts.map { _ in .nan } }, ["test: its judgement nan is not finite"]),
            (TestJudge { _ in [] }, ["test: asked about 5 texts, it answers 0 times"]),
        ]
        for (component, sentences) in components { #expect(try broken(component) == sentences) }
        let fickle = TestJudge { texts in
            let number = Double(count.next)
            return texts.map { _ in number }
        }
        #expect(try broken(fickle).first == "test: asked twice about the same texts, it gives different judgements")
    }
}

extension Session {
    /// Writes into a weight of the model that the session was given, which nobody may do. The host refuses all operations
    /// that write, and pages protect the weights of the checkpoint; this weight is one that a patch in force has made, and its
    /// address comes by DLPack.
    fileprivate func disturb() throws {
        let weight = try model.parameter(model.weightName(reading: .neurons(2)))
        var out: OpaquePointer?
        if let error = torch_backend_tensor_api().pointee.to_dlpack(weight.handle, &out) { throw Host.take(error) }
        let managed = try #require(UnsafeMutableRawPointer(out))
        // DLManagedTensorVersioned: the deleter after version and context, and the data after the flags.
        typealias Deleter = @convention(c) (UnsafeMutableRawPointer) -> Void
        let deleter = managed.load(fromByteOffset: 16, as: Deleter?.self)
        let data = try #require(managed.load(fromByteOffset: 32, as: UnsafeMutablePointer<Float>?.self))
        for i in 0..<weight.count { data[i] += 1 }
        deleter?(managed)
    }
}
