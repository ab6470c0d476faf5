// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// An estimate at work: the model and the training examples, and what becomes of them.
struct InfluenceTrace {
    private let work: FolderWork
    private let progress: RunProgress
    private let influence: ResolvedInfluence
    private let training: Experiment.Training
    private let estimator: LoadedComponent
    private let model: LanguageModel
    private let selection: CaseSelection
    private let service: InfluenceService
    private let components: ComponentServices
    private let examples: TrainingFile

    /// Loads everything, and lets the estimator look at the model.
    init(_ work: FolderWork, _ progress: RunProgress) throws {
        (self.work, self.progress) = (work, progress)
        let experiment = work.experiment
        (influence, training) = try experiment.requiredInfluence()
        estimator = try LoadedComponent(influence.estimator)
        try progress.enter("load")
        let read = try CaseSelection(experiment.dataset, model: experiment.model.source, needs: [])
        model = try experiment.loadModel(work.inputs)
        service = try experiment.influence(
            of: model, digest: experiment.editedModelDigest, training, work.inputs, progress: progress.report)
        let statistics = experiment.statistics(of: model, digest: experiment.editedModelDigest, work.inputs) {
            try progress.report("statistics", $0, $1)
        }
        components = ComponentServices(
            original: model, seed: experiment.seed, checkInputs: work.inputs.check, progress: progress.report,
            secondMoments: { kind, layers in try statistics.secondMoments(kind, layers: layers) }, influence: service)
        examples = try service.training()
        try service.check(components.subject(estimator, model, []))
        selection = try experiment.known(read, by: model, in: work.folder, progress.report).selection
    }

    /// The scores, the rankings and the page.
    ///
    /// - Parameter shards: folders with the scores of all examples, in their order; none: they are traced.
    func writeAll(joining shards: [RunFolder]) throws {
        let planted = try influence.settings.planted.map { (path) throws(RuntimeError) in
            try PlantedLines(path, of: examples)
        }
        let queries = try queries(keptIn: shards.first?.queries ?? work.folder.state.appending(path: "queries.json"))
        let subject = components.subject(estimator, model, queries.all.map(\.text))
        let scores = work.folder.scores
        if !FileManager.default.fileExists(atPath: scores.path) {
            if shards.isEmpty {
                try service.trace(subject, to: scores)
            } else {
                try service.join(shards.map(\.scores), of: subject, to: scores)
            }
        }
        try progress.enter("rank")
        let ranking = try InfluenceRanking(
            scores, queries: queries.all.count, wanted: queries.wanted.count, top: influence.settings.top,
            keepsScores: planted != nil)
        var file = try InfluenceFile(
            estimator: LocationsFile.Locator(influence.estimator), model: work.experiment.model.source,
            training: .init(
                path: training.path, count: examples.count, digest: examples.digest,
                traced: try service.candidates(for: subject)?.count),
            queries: zip(queries.all, zip(ranking.scales, ranking.ends)).enumerated().map { place, pair in
                let (query, found) = pair
                return InfluenceFile.Query(
                    id: query.id, isWanted: place >= queries.queries.count, prompt: query.text.prompt,
                    text: query.text.text, marks: query.text.marks,
                    scale: found.0, ends: try .init(found.1, examples))
            },
            overall: .init(ranking.overall, examples), zeroCount: ranking.zeroCount,
            planted: planted.map { PlantedFigures(scores: ranking.scores, planted: $0.indices) }, seconds: [:])
        if influence.settings.showsText {
            try InfluenceTexts(service: service, components: components, estimator: estimator, model: model)
                .add(to: &file, examples, progress.report)
        }
        progress.clock.stop()
        file.seconds = progress.clock.seconds
        file.peakMemory = progress.clock.peakMemory
        try work.inputs.check()
        try work.folder.write(skipped: selection.skipped)
        try InfluenceReport(title: "\(work.experiment.name): \(influence.estimator.id)", file: file)
            .write(to: work.folder)
        try work.folder.finish(work.experiment.runID)
    }

    /// The scores of a shard.
    func write(_ shard: Shard) throws {
        let queries = try queries(keptIn: work.folder.queries)
        try service.trace(
            components.subject(estimator, model, queries.all.map(\.text)), to: work.folder.scores, shard: shard)
        var file = InfluenceShard(
            shard, of: work.experiment, influence.estimator, examples, queries: queries.all.count)
        progress.clock.stop()
        (file.seconds, file.peakMemory) = (progress.clock.seconds, progress.clock.peakMemory)
        try work.inputs.check()
        try RunFolder.write(file, to: work.folder.influenceShard)
        try work.folder.finish(work.experiment.runID)
    }

    /// The estimator's sums of a shard, and those of all shards where the others are there. `DONE` comes when all is fitted.
    func fit(_ shard: Shard) throws {
        let pending = try service.fit(components.subject(estimator, model, []), shard: shard)
        progress.clock.stop()
        try RunFolder.write(
            InfluenceFit(
                estimator: influence.estimator.id, shard: shard, stage: pending?.stage,
                missing: pending?.missing ?? [], seconds: progress.clock.seconds), to: work.folder.influenceFit)
        if pending == nil { try work.folder.finish(work.experiment.runID) }
    }

    /// The queries, with what stands against them.
    ///
    /// - Parameter kept: where those that the model writes are kept, for a resumed run and for merged shards.
    private func queries(keptIn kept: URL) throws -> InfluenceQueries {
        var queries = try unwanted(keptIn: kept)
        if influence.settings.contrast == .answer { try queries.contrast(withAnswersOf: selection.cases) }
        return queries
    }

    private func unwanted(keptIn kept: URL) throws -> InfluenceQueries {
        guard let named = influence.annotator else { return try InfluenceQueries(givenBy: selection.cases) }
        if let queries = try SealedFile.read(InfluenceQueries.self, from: kept) { return queries }
        let annotator = try LoadedComponent(named)
        let queries = try InfluenceQueries(
            saidBy: model, after: selection.cases, maxNewTokens: influence.settings.maxNewTokens, annotator: named.id,
            progress: { try progress.report("queries", $0, $1) }
        ) { texts in
            var marks = [[Range<Int>]](repeating: [], count: texts.count)
            let found = try components.perform(
                ComponentCall(.annotate, texts: texts), by: annotator, on: model, components.services(of: annotator))
            for mark in found.marks { marks[mark.text].append(mark.bytes) }
            return marks
        }
        try SealedFile.write(queries, to: kept)
        return queries
    }
}

extension InfluenceFile.Ends {
    init(_ ends: InfluenceRanking.Ends, _ training: TrainingFile) throws {
        func listed(_ entries: [InfluenceRanking.Ends.Entry]) throws -> [InfluenceFile.Listed] {
            try zip(entries, training.examples(entries.map(\.index))).map { entry, example in
                InfluenceFile.Listed(index: entry.index, line: example.line, influence: entry.influence)
            }
        }
        self.init(promoting: try listed(ends.promoting), counteracting: try listed(ends.counteracting))
    }
}
