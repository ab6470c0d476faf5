// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What the model said after a prompt, token by token, with what is unwanted in it.
struct TrainingSequence: Sendable, Hashable {
    var prompt: [Int]
    /// The end-of-text token included, where the model ended its text.
    var response: [Int]
    /// For each token of the response: -1 marked, +1 kept, 0 ignored.
    var weights: [Int]
    /// For each token of the response, all tokens that are unwanted in its place; nil: the token itself where it is marked.
    var unwanted: [[Int]]?

    var hasMarks: Bool { weights.contains { $0 < 0 } }
    var markedCount: Int { weights.count { $0 < 0 } }
    /// What is run: the last token predicts nothing.
    var tokens: [Int] { prompt + response.dropLast() }

    /// Where the response's predictions are read, in a batch in which this is row `row`.
    func reads(row: Int) -> [TokenIndex] {
        response.indices.map { TokenIndex(row: row, position: prompt.count - 1 + $0) }
    }
}

extension [TrainingSequence] {
    /// The same sequences, each place knowing what any of them shows to be unwanted after the tokens before it.
    ///
    /// Where several samples of one prompt begin alike and go on with different marked tokens, all of these are taken out of one
    /// target. A place whose own token is fine counts as marked, too: its target lacks the others.
    func merged() -> [TrainingSequence] {
        func context(_ sequence: TrainingSequence, _ place: Int) -> [Int] {
            // No token is -1: prompt and response cannot be confused.
            sequence.prompt + [-1] + sequence.response[..<place]
        }
        var found: [[Int]: Set<Int>] = [:]
        for sequence in self {
            for (place, weight) in sequence.weights.enumerated() where weight < 0 {
                found[context(sequence, place), default: []].insert(sequence.response[place])
            }
        }
        return map { sequence in
            var merged = sequence
            let unwanted = sequence.response.indices.map { (found[context(sequence, $0)] ?? []).sorted() }
            merged.unwanted = unwanted
            merged.weights = zip(sequence.weights, unwanted).map { $1.isEmpty ? $0 : -1 }
            return merged
        }
    }

    /// As one list of numbers, so that a session can keep them.
    var packed: [Int] {
        flatMap { [$0.prompt.count, $0.response.count] + $0.prompt + $0.response + $0.weights }
    }

    /// - Throws: `dataLoss` for numbers that ``packed`` did not make.
    init(packed numbers: [Int]) throws(SutureError) {
        self = []
        var rest = numbers[...]
        func take(_ count: Int) throws(SutureError) -> [Int] {
            guard count >= 0, count <= rest.count else {
                throw SutureError(.dataLoss, "the sequences of an interrupted training cannot be read")
            }
            defer { rest = rest.dropFirst(count) }
            return [Int](rest.prefix(count))
        }
        while !rest.isEmpty {
            let counts = try take(2)
            append(
                TrainingSequence(
                    prompt: try take(counts[0]), response: try take(counts[1]), weights: try take(counts[1])))
        }
    }

    /// The order in which an epoch takes sequences: each once, and those with marks more often where they are few.
    ///
    /// - Parameters:
    ///   - threshold: a share of sequences with marks below which they are repeated.
    ///   - share: of the epoch, that they then make up.
    func epoch(oversamplingBelow threshold: Double, to share: Double) -> [Int] {
        let marked = indices.filter { self[$0].hasMarks }
        let clean = count - marked.count
        guard !marked.isEmpty, Double(marked.count) < threshold * Double(count), share < 1 else {
            return [Int](indices)
        }
        let wanted = Int((share / (1 - share) * Double(clean)).rounded())
        return [Int](indices) + (marked.count..<Swift.max(wanted, marked.count)).map { marked[$0 % marked.count] }
    }
}
