// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Builds what a record of a composition does not have, paraphrases, related and unrelated compositions, from all records
/// of its file.
///
/// - Paraphrases: the composition as a question after a solved one, and as it is after a solved prompt.
/// - Related: up to a hundred records with the same phrase, another second fact and another answer.
/// - Unrelated: up to five records drawn at random, whose answer is neither the case's answer nor its bridge.
///
/// A related or unrelated record gives its prompt and one question. A question is the record's own first paraphrase that is
/// one; otherwise a prompt "The … is" becomes "What is the …?". What is drawn depends on the position of the record alone, so
/// it is the same whatever part of the file is read.
///
/// Source: the sets of CREME's evaluation (Li et al. 2024), which were made by hand-written templates.
struct CompositionSets {
    private static let unrelatedCount = 5
    /// Each of them is measured, with each case of its phrase.
    private static let mostRelated = 100
    /// How many solved questions are tried before a question is asked without one.
    private static let mostTried = 200

    private let pool: [EditCase]
    /// The prompt of each case with its subject in it.
    private let filledPrompts: [String]
    /// The question of each case about its second fact, with its answer; nil where it can be none.
    private let examples: [String?]
    /// Places of the cases by their first fact.
    private let places: [FirstFact: [Int]]

    private struct FirstFact: Hashable {
        var subject: String
        var bridge: String

        init(_ editCase: EditCase) { (subject, bridge) = (editCase.subject, editCase.bridge) }
    }

    /// - Parameter pool: the cases of all records, as they are in the file.
    init(_ pool: [EditCase]) {
        self.pool = pool
        filledPrompts = pool.map(\.filledPrompt)
        examples = pool.map { one in Self.asked(one.guidePrompt).map { "Q: \($0)\nA:\(one.answer)" } }
        places = Dictionary(grouping: pool.indices) { FirstFact(pool[$0]) }
    }

    /// The case at a position of the file, with the sets that it lacks.
    func completing(_ editCase: EditCase, at position: Int) -> EditCase {
        var editCase = editCase
        var numbers = SplitMix(seed: UInt64(position))
        let prompt = editCase.filledPrompt
        let others = pool.indices.shuffled(using: &numbers).filter { place in
            let answer = pool[place].targetNew
            return answer != editCase.targetNew && answer != editCase.bridge && filledPrompts[place] != prompt
        }
        let demonstrations = Array(others.lazy.filter { examples[$0] != nil }.prefix(Self.mostTried))
        if editCase.paraphrasePrompts.isEmpty {
            editCase.paraphrasePrompts = paraphrases(of: editCase, others, demonstrations)
        }
        if editCase.related.isEmpty {
            let related = (places[FirstFact(editCase)] ?? []).lazy.map { pool[$0] }.filter {
                $0.prompt != editCase.prompt && $0.targetNew != editCase.targetNew
            }
            editCase.related = related.prefix(Self.mostRelated).flatMap { questions(of: $0, demonstrations) }
        }
        if editCase.unrelated.isEmpty {
            let drawn = others.lazy.filter { pool[$0].subject != editCase.subject }.prefix(Self.unrelatedCount)
            editCase.unrelated = drawn.flatMap { questions(of: pool[$0], demonstrations) }
        }
        return editCase
    }

    /// - Parameters:
    ///   - others: places in the order in which they are tried.
    ///   - demonstrations: those of them that can be a solved question.
    private func paraphrases(of editCase: EditCase, _ others: [Int], _ demonstrations: [Int]) -> [String] {
        guard let place = others.first(where: { pool[$0].prompt != editCase.prompt }) ?? others.first else { return [] }
        let solved = pool[place]
        return [
            question(editCase, demonstrations),
            "\(solved.guidePrompt)\(solved.answer).\n\(editCase.filledPrompt)",
        ].compactMap(\.self)
    }

    /// A composition as a prompt, and as a question where it can be one.
    private func questions(of editCase: EditCase, _ demonstrations: [Int]) -> [Question] {
        let own = editCase.paraphrasePrompts.first { $0.hasSuffix(":") }
        let prompts = [
            editCase.filledPrompt,
            own
                ?? question(editCase, demonstrations) {
                    $0.targetNew != editCase.targetNew && $0.subject != editCase.subject
                },
        ].compactMap(\.self)
        return prompts.map { Question(prompt: $0, answer: editCase.answer) }
    }

    /// The composition as a question, after one about a single fact with its answer.
    ///
    /// - Parameter isFit: whether a case may be the one before.
    private func question(
        _ editCase: EditCase, _ demonstrations: [Int], where isFit: (EditCase) -> Bool = { _ in true }
    ) -> String? {
        guard let asked = Self.asked(editCase.filledPrompt),
            let place = demonstrations.first(where: { pool[$0].prompt != editCase.prompt && isFit(pool[$0]) }),
            let example = examples[place]
        else { return nil }
        return "\(example)\nQ: \(asked)\nA:"
    }

    /// "The capital of France is" becomes "What is the capital of France?".
    private static func asked(_ prompt: String) -> String? {
        guard prompt.hasPrefix("The "), prompt.hasSuffix(" is") else { return nil }
        return "What is the \(prompt.dropFirst("The ".count).dropLast(" is".count))?"
    }
}

/// A stream of numbers that is the same on every machine.
///
/// Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators", figure 17.
private struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
