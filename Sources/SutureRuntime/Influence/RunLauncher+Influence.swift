// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit

extension RunLauncher {
    /// What `suture influence` does for a file: each estimate once, however many variants share it. Locators, methods and
    /// evaluators are neither looked up nor asked what data they need.
    ///
    /// - Parameters:
    ///   - output: the folder that result folders go into; nil: that of the file.
    ///   - part: what of each estimate is done.
    /// - Throws: what is wrong with one of the experiments, with its training file, with the list of planted lines, or with the
    ///   shards that are to be merged.
    package func planToTrace(
        _ suite: ExperimentSuite, output: String? = nil, part: InfluencePart = .whole
    ) throws(RuntimeError) -> [PlannedRun] {
        var runs = try plan(suite, used: .influence, as: "influence", output: output)
        if case .merge = part, runs.count > 1 {
            throw RuntimeError(
                .usage, "the file describes \(runs.count) estimates, and shards are merged into one",
                hint: "choose one by overrides: key=value")
        }
        for place in runs.indices { try plan(&runs[place], part) }
        return runs
    }

    /// Looks at what one estimate reads.
    private func plan(_ run: inout PlannedRun, _ part: InfluencePart) throws(RuntimeError) {
        let (influence, settings) = try run.experiment.requiredInfluence()
        let training = try TrainingFile(settings.path, limit: settings.limit)
        // The first ones; the others are read when they are traced.
        _ = try training.block(0..<min(64, training.count))
        if let path = influence.settings.planted { _ = try PlantedLines(path, of: training) }
        var range = 0..<training.count
        switch part {
        case .whole: break
        case .fit(let shard):
            let count = min(settings.fit, training.count)
            try shard.check(examples: count, blockSize: FactorFit.blockSize, "fitted")
        case .trace(let shard):
            try shard.check(examples: training.count, blockSize: InfluenceService.blockSize, "traced")
            range = shard.range(of: training.count, blockSize: InfluenceService.blockSize)
        case .merge(let folders):
            let expected = InfluenceShard(.whole, of: run.experiment, influence.estimator, training, queries: 0)
            run.merged = try InfluenceShard.ordered(folders, asOf: expected).map(\.url.path)
        }
        run.folder = part.folder(beside: run.folder)
        var queries = run.caseCount
        if run.experiment.dataset.known == nil {
            let cases = try CaseSelection(run.experiment.dataset, model: nil, needs: []).cases
            var found = influence.annotator == nil ? try InfluenceQueries(givenBy: cases) : InfluenceQueries()
            if influence.settings.contrast == .answer { try found.contrast(withAnswersOf: cases) }
            queries = (influence.annotator == nil ? found.queries.count : run.caseCount) + found.wanted.count
        }
        run.plan(
            InfluenceMemory(
                examples: range.count, queries: queries, top: influence.settings.top,
                knowsPlanted: influence.settings.planted != nil && part == .whole,
                candidates: settings.candidates, training: training))
    }

    /// Traces in a worker, or reads at once what the folder already holds.
    ///
    /// - Parameters:
    ///   - startsAnew: forgets what the folder holds.
    ///   - onEvent: hears how far the worker is.
    /// - Throws: why it ended; the folder's `FAILED` holds the sentence.
    package func trace(
        _ planned: PlannedRun, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> InfluenceFile {
        let part = planned.merged.isEmpty ? InfluencePart.whole : .merge(planned.merged)
        try perform(InfluenceJob(planned.task, part), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try planned.folder.read(InfluenceFile.self, from: planned.folder.influence)
    }

    /// The same for a shard of the examples.
    package func trace(
        _ planned: PlannedRun, _ shard: Shard, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> InfluenceShard {
        try perform(InfluenceJob(planned.task, .trace(shard)), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try planned.folder.read(InfluenceShard.self, from: planned.folder.influenceShard)
    }

    /// Fits the estimator, or a shard of each pass as far as the other shards are there.
    package func fit(
        _ planned: PlannedRun, _ shard: Shard, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> InfluenceFit {
        try perform(InfluenceJob(planned.task, .fit(shard)), of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try planned.folder.read(InfluenceFit.self, from: planned.folder.influenceFit)
    }
}
