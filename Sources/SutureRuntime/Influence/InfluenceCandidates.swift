// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The training examples that are traced, where all would take too long: those that a cheap estimator ranks first for one of the
/// queries, and some at random. The others count as without influence.
struct InfluenceCandidates {
    /// Ascending.
    let indices: [Int]

    var count: Int { indices.count }

    /// Where candidates are in a block of examples, counted from its beginning.
    ///
    /// - Parameter chosen: nil: every example is one.
    static func places(_ chosen: InfluenceCandidates?, in block: Range<Int>) -> [Int] {
        guard let chosen else { return [Int](0..<block.count) }
        return chosen.places(in: block)
    }

    private func places(in block: Range<Int>) -> [Int] {
        var (low, high) = (0, indices.count)
        while low < high {
            let middle = (low + high) / 2
            if indices[middle] < block.lowerBound { low = middle + 1 } else { high = middle }
        }
        return indices[low...].prefix { $0 < block.upperBound }.map { $0 - block.lowerBound }
    }
}

/// The examples with the strongest influence on one query, of those that were added so far. Memory: twice as many as are kept.
struct StrongestExamples {
    private var found: [(index: Int, size: Float)] = []
    private let count: Int

    init(count: Int) { self.count = count }

    /// An influence of 0 is none.
    mutating func add(_ index: Int, _ influence: Float) {
        guard influence != 0 else { return }
        found.append((index, abs(influence)))
        if found.count >= 2 * count { cut() }
    }

    /// Indices, in no order.
    var indices: [Int] {
        var copy = self
        copy.cut()
        return copy.found.map(\.index)
    }

    /// Of equal ones the first stay.
    private mutating func cut() {
        guard found.count > count else { return }
        found.sort { $0.size == $1.size ? $0.index < $1.index : $0.size > $1.size }
        found.removeLast(found.count - count)
    }
}

extension InfluenceService {
    /// Which examples are traced; nil: all. What was chosen stays in the cache.
    func candidates(for subject: Subject) throws -> InfluenceCandidates? {
        guard let choosing = subject.choosing, let wanted = settings.candidates else { return nil }
        let chosen = try kept(candidatesKey(choosing), of: choosing, phase: "choose candidates") { scores in
            let indices = try choose(wanted, scores, queries: subject.queries.count)
            Host.log(
                .info,
                "\(choosing.estimator.description.id) and chance choose \(indices.count) of \(try training().count) examples; the others are not traced, and their influence is 0"
            )
            return try Tensor(indices, shape: [indices.count])
        }
        return InfluenceCandidates(indices: try chosen.scalars(as: Int.self))
    }

    func candidatesKey(_ choosing: Subject) throws -> String {
        let wanted = settings.candidates.map { "\($0.top) \($0.random) \(seed)" } ?? ""
        return Digest.of(Data("influence-candidates/1 \(try scoresKey(of: choosing)) \(wanted)".utf8))
    }

    /// Indices, ascending.
    private func choose(
        _ wanted: Experiment.Candidates, _ scores: URL, queries: Int
    ) throws -> [Int] {
        var strongest = [StrongestExamples](repeating: StrongestExamples(count: wanted.top), count: queries)
        try ScoreFile.rows(of: scores, queries: queries) { first, rows in
            for (place, row) in rows.enumerated() {
                for (query, value) in row.enumerated() { strongest[query].add(first + place, value) }
            }
        }
        let order = try RandomNumbers(seed: seed).permutation(training().count).scalars(as: Int.self)
        return Set(strongest.flatMap(\.indices)).union(order.prefix(wanted.random)).sorted()
    }
}

extension ResolvedExperiment {
    /// The training examples of an experiment, for components that trace to them.
    ///
    /// - Parameter digest: as in ``statistics(of:digest:_:cache:progress:)``.
    func influence(
        of model: LanguageModel, digest: String, _ training: Experiment.Training, _ inputs: InputWatch,
        progress: @escaping (String, Int, Int) throws -> Void
    ) throws -> InfluenceService {
        InfluenceService(
            training, prefilter: try prefilter.map { try LoadedComponent($0) }, seed: seed, model: model,
            modelDigest: digest, surroundings: traceSurroundings, checkInputs: inputs.check, progress: progress)
    }
}
