// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Builds what a record of a composition does not have, paraphrases, related and unrelated compositions, from all records
/// of its file.
///
/// - Paraphrases: the composition as a question after a solved one, and as it is after a solved prompt.
/// - Related: records with the same phrase, another second fact and another answer.
/// - Unrelated: up to five records drawn at random, whose answer is neither the case's answer nor its bridge.
///
/// A related or unrelated record gives its prompt and one question. A question is the record's own first paraphrase that is
/// one; otherwise a prompt "The … is" becomes "What is the …?". What is drawn depends on the position of the record alone, so
/// it is the same whatever part of the file is read.
///
/// Source: the sets of CREME's evaluation (Li et al. 2024), which were made by hand-written templates.
struct CompositionSets {
    private static let unrelatedCount = 5

    private let pool: [EditCase]

    /// - Parameter pool: the cases of all records, as they are in the file.
    init(_ pool: [EditCase]) { self.pool = pool }

    /// The case at a position of the file, with the sets that it lacks.
    func completing(_ editCase: EditCase, at position: Int) -> EditCase {
        var editCase = editCase
        var numbers = SplitMix(seed: UInt64(position))
        // Places are shuffled and not cases, which are large.
        let others = pool.indices.shuffled(using: &numbers).lazy.map { pool[$0] }.filter {
            let answers = [editCase.targetNew, editCase.bridge]
            return !answers.contains($0.targetNew) && $0.filledPrompt != editCase.filledPrompt
        }
        if editCase.paraphrasePrompts.isEmpty {
            editCase.paraphrasePrompts = paraphrases(of: editCase, demonstrations: others)
        }
        if editCase.related.isEmpty {
            let related = pool.filter { $0.isRelated(to: editCase) }
            editCase.related = related.flatMap { questions(of: $0, demonstrations: others) }
        }
        if editCase.unrelated.isEmpty {
            let drawn = others.filter { $0.subject != editCase.subject }.prefix(CompositionSets.unrelatedCount)
            editCase.unrelated = drawn.flatMap { questions(of: $0, demonstrations: others) }
        }
        return editCase
    }

    /// - Parameter others: in the order in which they are tried.
    private func paraphrases(of editCase: EditCase, demonstrations others: some Collection<EditCase>) -> [String] {
        guard let solved = others.first(where: { $0.prompt != editCase.prompt }) ?? others.first else { return [] }
        return [
            question(editCase, demonstrations: others),
            "\(solved.guidePrompt)\(solved.answer).\n\(editCase.filledPrompt)",
        ].compactMap(\.self)
    }

    /// A composition as a prompt, and as a question where it can be one.
    private func questions(
        of editCase: EditCase, demonstrations others: some Collection<EditCase>
    ) -> [Question] {
        let own = editCase.paraphrasePrompts.first { $0.hasSuffix(":") }
        let unlike = others.lazy.filter { $0.targetNew != editCase.targetNew && $0.subject != editCase.subject }
        let prompts = [editCase.filledPrompt, own ?? question(editCase, demonstrations: unlike)].compactMap(\.self)
        return prompts.map { Question(prompt: $0, answer: editCase.answer) }
    }

    /// The composition as a question, after one about a single fact with its answer.
    private func question(_ editCase: EditCase, demonstrations: some Collection<EditCase>) -> String? {
        guard let asked = asked(editCase.filledPrompt) else { return nil }
        for solved in demonstrations where solved.prompt != editCase.prompt {
            guard let example = self.asked(solved.guidePrompt) else { continue }
            return "Q: \(example)\nA:\(solved.answer)\nQ: \(asked)\nA:"
        }
        return nil
    }

    /// "The capital of France is" becomes "What is the capital of France?".
    private func asked(_ prompt: String) -> String? {
        guard prompt.hasPrefix("The "), prompt.hasSuffix(" is") else { return nil }
        return "What is the \(prompt.dropFirst("The ".count).dropLast(" is".count))?"
    }
}

extension EditCase {
    /// Whether the first fact is the same, and the second another with another answer.
    fileprivate func isRelated(to other: EditCase) -> Bool {
        subject == other.subject && bridge == other.bridge && prompt != other.prompt && targetNew != other.targetNew
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
