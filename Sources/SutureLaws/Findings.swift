// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What was found about the laws of one component.
final class Findings {
    private let id: String
    /// The sentences about broken laws, in the order in which they were found.
    private(set) var broken: [(law: Law, sentence: String)] = []
    private var examined: Set<Law> = []
    private var reasons: [Law: String] = [:]

    init(of id: String) { self.id = id }

    /// Adds a sentence about a law that the component breaks, once.
    func add(_ law: Law, _ sentence: String) {
        let sentence = "\(id): \(sentence)"
        if !broken.contains(where: { $0.sentence == sentence }) { broken.append((law, sentence)) }
    }

    /// Checks a law, and adds a sentence where something does not hold.
    func check(_ law: Law, _ holds: Bool, _ sentence: @autoclosure () -> String) {
        examined.insert(law)
        if !holds { add(law, sentence()) }
    }

    /// Notes that there is nothing to check a law on. A sentence about it counts all the same.
    func skip(_ law: Law, _ reason: String) { reasons[law] = reason }

    /// Runs `body`; what it throws becomes a sentence, and the result nil.
    func attempt<Result>(_ question: String, _ body: () throws -> Result) -> Result? {
        examined.insert(.answers)
        do {
            return try body()
        } catch {
            add(.answers, "\(question) throws: \(SutureError(error))")
            return nil
        }
    }

    /// What became of each of these laws.
    func results(of laws: [Law]) -> [LawResult] {
        laws.map { law in
            let sentences = broken.filter { $0.law == law }.map(\.sentence)
            if !sentences.isEmpty { return LawResult(law, .broken, sentences) }
            if let reason = reasons[law] { return LawResult(law, .notApplicable, [reason]) }
            guard examined.contains(law) else {
                return LawResult(law, .notApplicable, ["it gave no answer to check"])
            }
            return LawResult(law, .kept)
        }
    }
}
