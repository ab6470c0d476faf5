// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Checks whether a component keeps the laws of its kind: what the host and other components rely on, and no compiler
/// checks.
///
///     let broken = Laws(of: memit, cases: cases, locations: locations) { try host.newSession() }.broken()
///     #expect(broken.isEmpty)
///
/// A component that keeps every law on these inputs may still break one on others: give inputs that differ from each
/// other, and more than one. The laws are listed at each kind: `Laws+Locator.swift` and so on.
public struct Laws {
    let component: any Component
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
    ///   - texts: for annotators and judges.
    ///   - session: makes a session in which nothing is stored or carried, each time with the same models, seed and
    ///     stage. The session must stay valid until the check is over. Annotators and judges may do without a model.
    public init(
        of component: any Component, cases: [EditCase] = [], locations: [Location] = [], texts: [MarkedText] = [],
        session: @escaping () throws -> Session
    ) {
        self.component = component
        self.cases = cases
        self.locations = locations
        self.texts = texts
        self.session = session
    }

    /// Performs the component's operations and compares what they give.
    ///
    /// - Returns: a sentence for each law that is broken, with the first thing that breaks it; nothing where all are
    ///   kept. An error that the component throws is such a sentence, too.
    /// - Complexity: between three calls and one for each case or text and four more; models are read as a whole.
    public func broken() -> [String] {
        let findings = Findings(of: type(of: component).descriptor.id)
        checkDeclaration(findings)
        switch component {
        case let locator as any Locator: check(locator, findings)
        case let patcher as any Patcher: check(patcher, findings)
        case let evaluator as any Evaluator: check(evaluator, findings)
        case let annotator as any Annotator: check(annotator, findings)
        case let judge as any Judge: check(judge, findings)
        default: findings.add("its kind has no laws yet")
        }
        return findings.sentences
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
            for (name, snapshot) in snapshots {
                let model = try name == "session.model" ? session.model : session.original
                if let weight = try snapshot.firstDifference(from: model) {
                    findings.add("\(question) changes \(weight) of \(name), which must stay as it was")
                    break
                }
            }
            return result
        }
    }
}
