// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureLaws
import TestSupport
import Testing

@testable import Locators

@Suite("The laws of the kinds")
struct LawTests {
    init() throws { try TestHost.install() }

    @Test("Every bundled component keeps the laws of its kind", arguments: LawSubject.allCases)
    func bundled(subject: LawSubject) throws {
        let scratch = try ScratchFolder()
        let component = try subject.component(in: scratch)
        try component.validate()
        let sessions = try SessionMaker(isEdited: true, components: subject.components)
        let (cases, locations) = (try subject.cases(on: sessions.make().model), subject.locations)
        // snippet-begin: laws
        let laws = Laws(
            of: component, cases: cases, locations: locations, texts: LawSubject.texts, session: sessions.make)
        #expect(laws.broken() == [])
        // snippet-end: laws
    }

    @Test("Locators and patchers keep the laws on every architecture", arguments: [TinyModel.Family.gptj, .llama])
    func architectures(family: TinyModel.Family) throws {
        let scratch = try ScratchFolder()
        for subject in LawSubject.allCases {
            let component = try subject.component(in: scratch)
            guard component is any Locator || component is any Patcher else { continue }
            let sessions = try SessionMaker(family, isEdited: true, components: subject.components)
            let cases = try subject.cases(on: sessions.make().model)
            // A tiny model of random weights may know nothing that causal-trace could trace.
            if subject == .causalTrace, cases.isEmpty { continue }
            let laws = Laws(of: component, cases: cases, locations: subject.locations, session: sessions.make)
            #expect(laws.broken() == [])
        }
    }

    @Test(
        "Every bundled component works on a model in half precision and keeps the laws there",
        arguments: LawSubject.allCases, [DType.bfloat16, .float16])
    func halfPrecision(subject: LawSubject, dtype: DType) throws {
        let scratch = try ScratchFolder()
        let component = try subject.component(in: scratch)
        let sessions = try SessionMaker(dtype: dtype, isEdited: true, components: subject.components)
        let cases = try subject.cases(on: sessions.make().model)
        // A tiny model of random weights may know nothing that causal-trace could trace.
        if subject == .causalTrace, cases.isEmpty { return }
        let laws = Laws(
            of: component, cases: cases, locations: subject.locations, texts: LawSubject.texts, session: sessions.make)
        #expect(laws.broken() == [])
    }

    @Test(
        "Every bundled component has something to say, so that its laws are checked on something",
        arguments: LawSubject.allCases)
    func answers(subject: LawSubject) throws {
        let scratch = try ScratchFolder()
        let sessions = try SessionMaker(isEdited: true, components: subject.components)
        let session = try sessions.make()
        let cases = try subject.cases(on: session.model)
        let count =
            switch try subject.component(in: scratch) {
            case let locator as any Locator: try locator.locate(cases, in: session).count
            case let patcher as any Patcher: try patcher.patch(cases, at: subject.locations, in: session).deltas.count
            case let evaluator as any Evaluator:
                try evaluator.summarize(
                    evaluator.evaluate(cases, in: session) + evaluator.evaluate([], in: session)
                ).count
            case let annotator as any Annotator:
                try annotator.annotate(LawSubject.texts, in: session).flatMap(\.self).count
            case let judge as any Judge: Set(try judge.judge(LawSubject.texts, in: session)).count - 1
            case let estimator as any Estimator: try answers(of: estimator, in: session)
            default: 0
            }
        #expect(count > 0)
    }

    /// The number of sums of an estimator that has to be fitted, of different influences of another one.
    private func answers(of estimator: some Estimator, in session: Session) throws -> Int {
        let sums = try estimator.sumNames(inPass: 1, in: session)
        guard sums.isEmpty else { return sums.count }
        let texts = LawSubject.texts.filter { !$0.text.isEmpty }
        let influence = try estimator.influence(of: texts, on: estimator.prepare(texts, in: session), in: session)
        return Set(try influence.scalars(as: Float.self)).count - 1
    }

    @Test("Locators keep the laws whether they select for all cases, for each, or for each failing token")
    func scopes() throws {
        let (layers, neurons) = (LayerOcclusion(), NeuronAttribution())
        for scope in LocationScope.allCases {
            layers.scope = scope
            neurons.scope = scope
            for component in [layers, neurons] as [any Component] {
                let sessions = try SessionMaker(isEdited: true)
                #expect(Laws(of: component, cases: LawSubject.cases, session: sessions.make).broken() == [])
            }
        }
    }

    @Test("Every component of every plugin is among those that are checked")
    func complete() throws {
        let plugins = Repository.root.appending(path: "Plugins")
        var offered: Set<String> = []
        for folder in try FileManager.default.contentsOfDirectory(atPath: plugins.path) {
            let file = plugins.appending(path: "\(folder)/Plugin.swift")
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
            offered.formUnion(text.matches(of: /(\w+)\.self/).map { String($0.1) })
        }
        #expect(offered.count > 20)
        #expect(offered == Set(LawSubject.allCases.map(\.typeName)))
    }
}
