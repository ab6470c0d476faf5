// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Chooses the cases that the unedited model knows, as `dataset.known` says, and the neighbours that it knows of each.
///
/// A figure about what an edit disturbs means little where the model did not know the fact in the first place. The choice is
/// made when the run starts, since it needs the weights, and is kept, so that a resumed run makes the same.
struct KnownCases {
    private let known: Experiment.Dataset.Known
    private let path: String
    private let model: Model

    /// Cases whose prompts are asked at once.
    private static let chunk = 64
    private static let tokenBudget = 4096

    /// What was found out about a dataset.
    struct Content: Codable {
        /// The cases that stay.
        var kept: [Kept] = []
        /// The others that were looked at, and why they are left out.
        var skipped: [SkippedCase] = []
        /// How many cases have an answer that is known, left out or not.
        var knownAnswers = 0
        /// How many neighbours the cases have whose fact is known, and how many of them are known.
        var neighbors = 0
        var knownNeighbors = 0
    }

    /// A case that stays, by its place, with the places of its neighbours that do.
    struct Kept: Codable {
        var place: Int
        var prompts: [Int]
        var samples: [Int]
    }

    /// The known cases of a selection, at most `dataset.limit` of them, and how many there were. A dataset that asks for
    /// nothing is left as it is.
    ///
    /// - Parameters:
    ///   - file: where the choice is kept.
    ///   - progress: hears how many cases were looked at.
    /// - Throws: `file` where the model knows none of the cases, or a case lacks what is asked about.
    static func choose(
        from selection: CaseSelection, of dataset: Experiment.Dataset, by model: LanguageModel, keptIn file: URL,
        progress: (_ done: Int, _ total: Int) throws -> Void
    ) throws -> (selection: CaseSelection, metrics: [StagedMetric]) {
        guard let known = dataset.known else { return (selection, []) }
        let content: Content
        if let kept = try SealedFile.read(Content.self, from: file) {
            content = kept
        } else {
            let handle = ModelTable.handle(model)
            defer { ModelTable.release(handle) }
            let choice = KnownCases(known: known, path: dataset.path, model: try Model(borrowing: handle))
            content = try withoutGradients {
                try choice.content(selection.cases, limit: dataset.limit ?? .max, progress: progress)
            }
            try SealedFile.write(content, to: file)
        }
        var chosen = selection
        chosen.skipped += content.skipped
        chosen.cases = content.kept.enumerated().map { index, kept in
            var one = selection.cases[kept.place]
            one.index = index
            one.neighborhoodPrompts = kept.prompts.map { one.neighborhoodPrompts[$0] }
            one.neighborSamples = kept.samples.map { one.neighborSamples[$0] }
            return one
        }
        return (chosen, content.metrics(known))
    }

    private func content(
        _ cases: [EditCase], limit: Int, progress: (Int, Int) throws -> Void
    ) throws -> Content {
        var content = Content()
        for start in stride(from: 0, to: cases.count, by: Self.chunk) {
            try progress(start, cases.count)
            let places = Array(start..<min(start + Self.chunk, cases.count))
            let answers = try knows(
                places.map { (cases[$0], cases[$0].filledPrompt, cases[$0].targetTrue) }, known.answer)
            for (place, isKnown) in zip(places, answers) {
                guard content.kept.count < limit else { return content }
                let one = cases[place]
                guard isKnown else {
                    content.skipped.append(skipped(one, "the unedited model does not know '\(one.targetTrue)'"))
                    continue
                }
                content.knownAnswers += 1
                let prompts = try knownPlaces(one, one.neighborhoodPrompts.map { ($0, one.targetTrue) })
                let samples = try knownPlaces(one, one.neighborSamples.map { ($0.filledPrompt, $0.target) })
                content.neighbors += one.neighborhoodPrompts.count
                content.knownNeighbors += prompts.count
                guard !prompts.isEmpty || one.neighborhoodPrompts.isEmpty else {
                    content.skipped.append(
                        skipped(one, "the unedited model knows none of its \(one.neighborhoodPrompts.count) neighbours")
                    )
                    continue
                }
                content.kept.append(Kept(place: place, prompts: prompts, samples: samples))
            }
        }
        guard !content.kept.isEmpty else {
            throw RuntimeError(
                .file, "the unedited model knows none of the \(cases.count) cases of '\(path)'",
                hint: "ask for less with dataset.known, or take facts that this model knows")
        }
        return content
    }

    private func skipped(_ one: EditCase, _ why: String) -> SkippedCase {
        SkippedCase(id: one.id, reason: "case \(one.id) of '\(path)': \(why)")
    }

    private func knownPlaces(_ one: EditCase, _ neighbors: [(prompt: String, object: String)]) throws -> [Int] {
        let known = try knows(neighbors.map { (one, $0.prompt, $0.object) }, known.neighbors)
        return neighbors.indices.filter { known[$0] }
    }

    /// Whether the model gives each object after its prompt.
    private func knows(
        _ questions: [(editCase: EditCase, prompt: String, object: String)], _ degree: Experiment.Dataset.Known.Degree
    ) throws -> [Bool] {
        guard degree != .any else { return questions.map { _ in true } }
        var requests: [TargetRequest] = []
        for (one, prompt, object) in questions {
            guard !object.isEmpty, degree == .firstChoice || !one.targetNew.isEmpty else {
                let field = object.isEmpty ? "target_true" : "target_new"
                throw RuntimeError(
                    .file, "case \(one.id) of '\(path)' has no \(field), which dataset.known compares",
                    hint: "take dataset.known out, or use data of another format")
            }
            let objects = degree == .likelier ? [object, one.targetNew] : [object]
            requests.append(try TargetRequest(prompt, objects: objects, joint: one.joint, model))
        }
        return try model.ratings(of: requests, tokenBudget: Self.tokenBudget).map { ratings in
            degree == .firstChoice
                ? ratings[0].isFirstChoice
                : ratings[0].negativeLogLikelihood < ratings[1].negativeLogLikelihood
        }
    }
}

extension KnownCases.Content {
    /// How much of what was asked the model knows.
    fileprivate func metrics(_ known: Experiment.Dataset.Known) -> [StagedMetric] {
        func share(
            _ name: String, _ part: Int, of all: Int, _ degree: Experiment.Dataset.Known.Degree
        ) -> StagedMetric? {
            guard all > 0, degree != .any else { return nil }
            let metric = Metric(
                name, 100 * Double(part) / Double(all), unit: "percent", n: all, direction: .none,
                protocol: "\(degree.rawValue), teacher-forced")
            return StagedMetric("known", "before", metric)
        }
        return [
            share("answer", knownAnswers, of: kept.count + skipped.count, known.answer),
            share("neighbors", knownNeighbors, of: neighbors, known.neighbors),
        ].compactMap(\.self)
    }
}
