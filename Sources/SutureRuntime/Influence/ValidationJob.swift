// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of `suture influence --validate`: trains the base model again and again, without some of the examples, and compares
/// what that does to the queries with an estimate that is in another folder.
package struct ValidationJob: FolderJob {
    package static let name = "validation"
    package static let interruption = SutureError(
        .cancelled, "the validation was interrupted",
        hint: "start the same command again; it goes on after the last finished training")

    package var task: FolderTask
    /// The folder of the estimate.
    package var estimate: String

    package func run(_ work: FolderWork) throws {
        let progress = try RunProgress(work.folder, work)
        try progress.timing { try validate(work, progress) }
    }

    private func validate(_ work: FolderWork, _ progress: RunProgress) throws {
        let validation = try work.experiment.requiredValidation()
        let folder = RunFolder(URL(fileURLWithPath: estimate))
        let found = try folder.read(InfluenceFile.self, from: folder.influence)
        let trainings = Trainings(progress.report)
        let (outcomes, count) = try outcomes(of: found, work, progress, trainings.report)
        let groups = try LeftOutGroups(
            validation.settings.groups, found, folder.scores, count: count, seed: work.experiment.seed
        ).groups
        let subsets = try (0..<validation.settings.subsetCount).map {
            try Self.draw(validation.settings.share, of: count, seed: work.experiment.seed, $0)
        }
        trainings.total = subsets.count + (groups.isEmpty ? 0 : groups.count + 1)
        func train(on subset: [Int]) throws -> [Double] {
            defer { trainings.done += 1 }
            return try outcomes.logProbabilities(after: subset)
        }
        var file = ValidationFile(
            estimator: found.estimator, base: validation.settings.base, subsets: subsets.count,
            share: validation.settings.share, groups: [], planted: found.planted, examples: count,
            seconds: found.seconds, peakMemory: found.peakMemory)
        if !subsets.isEmpty {
            let reached = try subsets.map(train)
            guard reached.contains(where: { $0 != reached[0] }) else {
                throw RuntimeError(
                    .usage,
                    "\(validation.trainer.id) reaches the same from every subset, so it does not train on the training examples",
                    hint: "name a component that does, such as retrain")
            }
            let predicted = try Self.sums(over: subsets, folder.scores, queries: found.queries.count, count: count)
            file.datamodels = DatamodelScore(
                predicted: predicted, outcomes: found.queries.indices.map { query in reached.map { $0[query] } })
        }
        if !groups.isEmpty {
            let unwanted = found.queries.indices.filter { !found.queries[$0].isWanted }
            let whole = try train(on: Array(0..<count))
            for (choice, indices) in groups {
                let without = try train(on: (0..<count).filter { !indices.contains($0) })
                let change = unwanted.reduce(0) { $0 + without[$1] - whole[$1] } / Double(unwanted.count)
                file.groups.append(.init(choice: choice, size: indices.count, change: change))
            }
        }
        try work.inputs.check()
        try RunFolder.write(file, to: work.folder.validation)
        try work.folder.finish(work.experiment.runID)
    }

    /// What trains, and the number of training examples.
    private func outcomes(
        of found: InfluenceFile, _ work: FolderWork, _ progress: RunProgress,
        _ report: @escaping (String, Int, Int) throws -> Void
    ) throws -> (outcomes: TrainingOutcomes, count: Int) {
        let experiment = work.experiment
        let validation = try experiment.requiredValidation()
        let (_, training) = try experiment.requiredInfluence()
        try progress.enter("load")
        let trainer = try LoadedComponent(validation.trainer)
        var model = experiment.model
        (model.source, model.patches) = (validation.settings.base, [])
        let base = try LanguageModel(
            folder: URL(fileURLWithPath: model.source), dtype: model.dtype, device: model.device)
        try work.inputs.check()
        try validation.checkTokens(of: found.queries.map { $0.prompt + $0.text }, experiment.model.source)
        let service = InfluenceService(
            training, model: base, modelDigest: experiment.baseDigest, checkInputs: work.inputs.check, progress: report)
        let components = ComponentServices(
            original: base, seed: experiment.seed, checkInputs: work.inputs.check, progress: report,
            secondMoments: { _, _ in
                throw SutureError(.failedPrecondition, "a trainer has no second moments", hint: "name another trainer")
            }, influence: service)
        let examples = try service.training()
        guard let editCase = try CaseSelection(experiment.dataset, model: nil, needs: []).cases.first else {
            throw RuntimeError(.usage, "the data set has no case")
        }
        let store = try TrainingOutcomes.store(experiment, validation.trainer, examples, editCase)
        let outcomes = TrainingOutcomes(
            trainer: trainer, base: base, components: components,
            queries: found.queries.map { MarkedText(prompt: $0.prompt, text: $0.text) }, editCase: editCase,
            store: store)
        return (outcomes, examples.count)
    }

    /// A random subset, in ascending order.
    private static func draw(_ share: Double, of count: Int, seed: Int, _ number: Int) throws -> [Int] {
        let order = try RandomNumbers(seed: seed &* 1_000_003 &+ number).permutation(count).scalars(as: Int.self)
        return order.prefix(max(1, Int((share * Double(count)).rounded()))).sorted()
    }

    /// The sums of influence over subsets, `[query][subset]`, in one pass over the scores.
    static func sums(over subsets: [[Int]], _ scores: URL, queries: Int, count: Int) throws -> [[Double]] {
        var members = [[Int]](repeating: [], count: count)
        for (number, subset) in subsets.enumerated() { for index in subset { members[index].append(number) } }
        var sums = [[Double]](repeating: [Double](repeating: 0, count: subsets.count), count: queries)
        try ScoreFile.rows(of: scores, queries: queries) { first, rows in
            for (place, row) in rows.enumerated() {
                for subset in members[first + place] {
                    for (query, value) in row.enumerated() { sums[query][subset] += Double(value) }
                }
            }
        }
        return sums
    }

    /// Counts trainings, for the progress line.
    private final class Trainings {
        var done = 0
        var total = 0
        private let progress: (String, Int, Int) throws -> Void

        init(_ progress: @escaping (String, Int, Int) throws -> Void) { self.progress = progress }

        func report(_ phase: String, _ step: Int, _ steps: Int) throws {
            guard phase == "train", steps > 0 else { return try progress(phase, step, steps) }
            try progress(phase, done * steps + step, max(total, done + 1) * steps)
        }
    }
}
