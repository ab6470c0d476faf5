// SPDX-License-Identifier: Apache-2.0

import SutureKit
import TestSupport
import Testing

@testable import Locators

/// Sums in float32 over other batch shapes, relative to a gap of order 1.
private let tolerance = 1e-3

@Suite("Activation patching between two subjects")
struct SwappedSubjectTests {
    let session: TestSession

    init() throws { session = try TestSession(TinyModel.load(.llama)) }

    /// Subjects of one token, of which two have the same answer, and two subjects of two tokens in different templates.
    private static let cases = [
        ("The capital of {} is", "Rome", "Paris"), ("The capital of {} is", "Paris", "Paris"),
        ("The capital of {} is", "Etna", "Rome"), ("The capital of {} is", "Mount Etna", "Rome"),
        ("Paris plays {} in", "Eiffel tower", "Paris"),
    ].enumerated().map { index, words in
        EditCase(index: index, id: "\(index)", prompt: words.0, subject: words.1, targetTrue: words.2)
    }

    private func locator(_ kinds: [Site.Kind], _ direction: PatchingDirection = .denoising) -> ActivationPatching {
        let locator = ActivationPatching()
        locator.settings.contrast = .swappedSubject
        locator.settings.chosenKinds = kinds
        locator.settings.direction = direction
        return locator
    }

    @Test("The other subject has as many tokens and another answer; cases of the same template come first")
    func partners() throws {
        let model = try session.model
        func pair(_ index: Int, _ cases: [EditCase] = SwappedSubjectTests.cases) throws -> AlignedPrompts? {
            try AlignedPrompts(Self.cases[index], swappedAmong: cases, model)
        }
        let first = try #require(try pair(0))
        #expect((first.guide.text, first.prompt.text) == ("The capital of Rome is", "The capital of Etna is"))
        #expect(first.rival == " Rome")
        #expect(try first.answer == model.continuation(of: "The capital of Rome is", by: " Paris").answer)
        #expect(try pair(2)?.prompt.text == "The capital of Rome is", "the search goes on from the first case")
        let other = try #require(try pair(3))
        #expect(other.prompt.text == "The capital of Eiffel tower is" && other.rival.isEmpty)
        #expect(try pair(0, [Self.cases[0]]) == nil && pair(0, [Self.cases[0], Self.cases[1]]) == nil)
    }

    @Test("Where one token differs, its first state carries everything and the tokens before it nothing")
    func wholeEffect() throws {
        for direction in [PatchingDirection.denoising, .noising] {
            let found = try locator([.residualIn, .residualOut], direction)
                .locate([Self.cases[0], Self.cases[2]], in: session.session)
            let cells = found.filter { $0.caseIndex != nil }
            let subject = cells.filter { $0.site == .residualIn(0) && $0.role == .subjectLast }
            let end = cells.filter { $0.site == .residualOut(TinyModel.layerCount - 1) && $0.role == .last }
            let before = cells.filter { $0.role == .none }
            #expect(subject.count == 2 && end.count == 2 && !before.isEmpty)
            #expect((subject + end).allSatisfy { abs($0.score - 1) < tolerance })
            #expect(before.allSatisfy { abs($0.score) < tolerance })
        }
    }

    @Test("The estimate has the same places")
    func estimate() throws {
        let estimating = AttributionPatching()
        estimating.settings.contrast = .swappedSubject
        estimating.settings.chosenKinds = [.headOutput]
        let cases = [Self.cases[0], Self.cases[2]]
        func places(_ found: [Location]) -> [String] {
            found.map { "\($0.site) \($0.position ?? -1) \($0.unit ?? -1) \($0.role.name)" }
        }
        let estimates = try estimating.locate(cases, in: session.session)
        let effects = try locator([.headOutput]).locate(cases, in: session.session)
        #expect(places(estimates) == places(effects))
        #expect(estimates.contains { $0.score != 0 })
    }

    @Test("A case for which no subject fits is left out, and without any other there is one sentence")
    func leftOut() throws {
        let found = try locator([.mlpOutput]).locate([0, 2, 4].map { Self.cases[$0] }, in: session.session)
        #expect(Set(found.compactMap(\.caseIndex)) == [0, 2])
        let error = #expect(throws: SutureError.self) {
            try locator([.mlpOutput]).locate([Self.cases[0]], in: session.session)
        }
        #expect(error?.code == .failedPrecondition)
        #expect(error?.hint.hasSuffix("or more cases with the same prompt") == true)
    }
}
