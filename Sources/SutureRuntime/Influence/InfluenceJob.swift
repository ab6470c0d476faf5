// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// The job of `suture influence`: finds the queries, fits the estimator, traces every training example, and leaves the scores,
/// the rankings, the page and `DONE` in the folder.
package struct InfluenceJob: FolderJob {
    package static let name = "influence"
    package static let interruption = SutureError(
        .cancelled, "the estimate was interrupted", hint: "start the same command again; it goes on where it stopped")

    package var task: FolderTask

    package init(_ task: FolderTask) { self.task = task }

    package func run(_ work: FolderWork) throws {
        let progress = try RunProgress(work.folder, work)
        try progress.timing { try trace(work, progress) }
    }

    private func trace(_ work: FolderWork, _ progress: RunProgress) throws {
        let experiment = work.experiment
        let (influence, training) = try experiment.requiredInfluence()
        let estimator = try LoadedComponent(influence.estimator)
        try progress.enter("load")
        let read = try CaseSelection(experiment.dataset, model: experiment.model.source, needs: [])
        let model = try experiment.loadModel(work.inputs)
        let selection = try experiment.known(read, by: model, in: work.folder, progress.report).selection
        let service = InfluenceService(
            training, model: model, modelDigest: experiment.editedModelDigest, checkInputs: work.inputs.check,
            progress: progress.report)
        let statistics = experiment.statistics(of: model, digest: experiment.editedModelDigest, work.inputs) {
            try progress.report("statistics", $0, $1)
        }
        let components = ComponentServices(
            original: model, seed: experiment.seed, checkInputs: work.inputs.check, progress: progress.report,
            secondMoments: { kind, layers in try statistics.secondMoments(kind, layers: layers) }, influence: service)
        let examples = try service.training()
        let planted = try influence.settings.planted.map { (path) throws(RuntimeError) in
            try PlantedLines(path, of: examples)
        }
        let queries = try queries(selection.cases, model, influence, components, work, progress)
        let subject = components.subject(estimator, model, queries.all.map(\.text))
        let scores = work.folder.scores
        if !FileManager.default.fileExists(atPath: scores.path) { try service.trace(subject, to: scores) }
        try progress.enter("rank")
        let ranking = try InfluenceRanking(
            scores, queries: queries.all.count, wanted: queries.wanted.count, top: influence.settings.top,
            keepsScores: planted != nil)
        var file = try InfluenceFile(
            estimator: LocationsFile.Locator(influence.estimator), model: experiment.model.source,
            training: .init(path: training.path, count: examples.count, digest: examples.digest),
            queries: zip(queries.all, zip(ranking.scales, ranking.ends)).enumerated().map { place, pair in
                let (query, found) = pair
                return InfluenceFile.Query(
                    id: query.id, isWanted: place >= queries.queries.count, prompt: query.text.prompt,
                    text: query.text.text, marks: query.text.marks,
                    scale: found.0, ends: try .init(found.1, examples))
            },
            overall: .init(ranking.overall, examples),
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
        try InfluenceReport(title: "\(experiment.name): \(influence.estimator.id)", file: file).write(to: work.folder)
        try work.folder.finish(experiment.runID)
    }

    /// The queries with what stands against them; those that the model says are kept for a resumed run.
    private func queries(
        _ cases: [EditCase], _ model: LanguageModel, _ influence: ResolvedInfluence, _ components: ComponentServices,
        _ work: FolderWork, _ progress: RunProgress
    ) throws -> InfluenceQueries {
        var queries = try unwanted(cases, model, influence, components, work, progress)
        if influence.settings.contrast == .answer { try queries.contrast(withAnswersOf: cases) }
        return queries
    }

    private func unwanted(
        _ cases: [EditCase], _ model: LanguageModel, _ influence: ResolvedInfluence, _ components: ComponentServices,
        _ work: FolderWork, _ progress: RunProgress
    ) throws -> InfluenceQueries {
        guard let named = influence.annotator else { return try InfluenceQueries(givenBy: cases) }
        let kept = work.folder.state.appending(path: "queries.json")
        if let queries = try SealedFile.read(InfluenceQueries.self, from: kept) { return queries }
        let annotator = try LoadedComponent(named)
        let queries = try InfluenceQueries(
            saidBy: model, after: cases, maxNewTokens: influence.settings.maxNewTokens, annotator: named.id,
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

extension RunFolder {
    /// The influence of every example on every query.
    package var scores: URL { url.appending(path: "scores.safetensors") }
    package var influence: URL { url.appending(path: "influence.json") }
    /// The ends of the rankings, one pair of query and example a line.
    package var influenceLines: URL { url.appending(path: "influence.jsonl") }
}
