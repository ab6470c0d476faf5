// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Checks whether a component keeps the laws of its kind: what the host and other components rely on, and no compiler
/// checks.
///
///     let broken = Laws(of: memit, cases: cases, locations: locations) { try host.newSession() }.broken()
///     #expect(broken.isEmpty)
///
/// A component that keeps every law on these inputs may still break one on others: give inputs that differ from each
/// other, and more than one. ``Law/laws(of:)`` lists the laws.
public struct Laws {
    let component: any Component
    let kind: ComponentKind
    let describe: () throws -> Declaration
    let cases: [EditCase]
    let locations: [Location]
    let texts: [MarkedText]
    let session: () throws -> Session

    /// Prepares the check of one component.
    ///
    /// - Parameters:
    ///   - component: an instance with its settings. It is called several times, as in a run.
    ///   - cases: for locators, patchers and evaluators; they have the fields that the component requires.
    ///   - locations: for patchers: what a locator found for the cases.
    ///   - texts: for annotators, judges and estimators.
    ///   - session: makes a session in which nothing is stored or carried, each time with the same models, seed and
    ///     stage. The session must stay valid until the check is over. Annotators and judges may do without a model.
    public init(
        of component: any Component, cases: [EditCase] = [], locations: [Location] = [], texts: [MarkedText] = [],
        session: @escaping () throws -> Session
    ) {
        let type = type(of: component)
        self.component = component
        kind = type.kind
        describe = { Declaration(type.descriptor, parameterDeclarations(of: type.init())) }
        self.cases = cases
        self.locations = locations
        self.texts = texts
        self.session = session
    }

    /// Prepares the check of a component that fills the setting ``slot`` of the sessions, wherever it comes from.
    ///
    /// - Parameters:
    ///   - describe: reads anew what the component declares.
    ///   - cases, locations, texts, session: as for a component of this process.
    package init(
        ofKind kind: ComponentKind, describedBy describe: @escaping () throws -> Declaration, cases: [EditCase],
        locations: [Location], texts: [MarkedText], session: @escaping () throws -> Session
    ) {
        component = Laws.standIn(for: kind, session)
        self.kind = kind
        self.describe = describe
        self.cases = cases
        self.locations = locations
        self.texts = texts
        self.session = session
    }

    /// What a component declares of itself.
    package struct Declaration: Equatable {
        let descriptor: ComponentDescriptor
        let parameters: [ParameterDeclaration]

        package init(_ descriptor: ComponentDescriptor, _ parameters: [ParameterDeclaration]) {
            self.descriptor = descriptor
            self.parameters = parameters
        }
    }

    /// Performs the component's operations and compares what they give.
    ///
    /// - Returns: a sentence for each law that is broken, with the first thing that breaks it; nothing where all are
    ///   kept. An error that the component throws is such a sentence, too.
    /// - Complexity: between three calls and one for each case or text and four more; models are read as a whole.
    public func broken() -> [String] {
        findings().broken.map(\.sentence)
    }

    /// Does the same as ``broken()``, and says of each law of the component's kind what became of it.
    public func results() -> [LawResult] { findings().results(of: Law.laws(of: kind)) }

    private func findings() -> Findings {
        let findings = Findings(of: (try? describe())?.descriptor.id ?? kind.name)
        checkDeclaration(findings)
        switch component {
        case let locator as any Locator: check(locator, findings)
        case let patcher as any Patcher: check(patcher, findings)
        case let evaluator as any Evaluator: check(evaluator, findings)
        case let annotator as any Annotator: check(annotator, findings)
        case let judge as any Judge: check(judge, findings)
        case let estimator as any Estimator: check(estimator, findings)
        default: findings.add(.answers, "its kind has no laws yet")
        }
        return findings
    }

    /// Runs `body` in a new session and checks that the session's models are afterwards as they were, bit for bit.
    ///
    /// - Returns: what the body gives; nil where it throws, which is a finding.
    func ask<Result>(
        _ question: String, _ findings: Findings, _ body: (Session) throws -> Result
    ) -> Result? {
        findings.attempt(question) {
            let session = try session()
            let snapshots = try [
                ("session.model", ModelSnapshot(of: session.model)),
                ("session.original", ModelSnapshot(of: session.original)),
            ]
            let result = try body(session)
            var changed: String?
            for (name, snapshot) in snapshots {
                let model = try name == "session.model" ? session.model : session.original
                if let weight = try snapshot.firstDifference(from: model) {
                    changed = "\(weight) of \(name)"
                    break
                }
            }
            findings.check(.models, changed == nil, "\(question) changes \(changed ?? ""), which must stay as it was")
            return result
        }
    }
}
