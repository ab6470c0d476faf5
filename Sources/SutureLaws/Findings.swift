// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The laws that a component breaks, as sentences.
final class Findings {
    private let id: String
    private(set) var sentences: [String] = []

    init(of id: String) { self.id = id }

    /// Adds a sentence about the component, once.
    func add(_ sentence: String) {
        let sentence = "\(id): \(sentence)"
        if !sentences.contains(sentence) { sentences.append(sentence) }
    }

    /// Adds a sentence where something does not hold.
    func check(_ holds: Bool, _ sentence: @autoclosure () -> String) {
        if !holds { add(sentence()) }
    }

    /// Runs `body`; what it throws becomes a sentence, and the result nil.
    func attempt<Result>(_ question: String, _ body: () throws -> Result) -> Result? {
        do {
            return try body()
        } catch {
            add("\(question) throws: \(SutureError(error))")
            return nil
        }
    }
}
