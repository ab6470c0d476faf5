// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Lets the evaluators of an experiment measure models.
///
/// What was measured is kept in the folder's `state/` at once, and what is there is not measured again. So a run that was
/// killed ends with the numbers of an undisturbed one.
final class CaseEvaluation {
    /// Cases in one call of an evaluator. A kill during an evaluation costs at most the work of one call.
    private static let chunk = 16

    /// The model as it is on disk.
    let original: LanguageModel
    let log: ScoreLog
    /// The names of the evaluators' figures.
    let names: [String]
    private let evaluators: [LoadedComponent]
    private let statistics: StatisticsService
    private let influence: InfluenceService?
    private let folder: RunFolder
    private let seed: Int
    private let inputs: InputWatch
    /// Loaded once for all phases.
    private let checkpoints = LoadedCheckpoints()
    private let progress: RunProgress

    /// - Parameters:
    ///   - evaluators: those of the experiment, in its order.
    ///   - digest: of that model; see ``ResolvedExperiment/statistics(of:digest:_:progress:)``.
    init(
        _ evaluators: [LoadedComponent], of experiment: ResolvedExperiment, in folder: RunFolder,
        original: LanguageModel, digest: String, inputs: InputWatch, progress: RunProgress
    ) throws {
        self.evaluators = evaluators
        names = experiment.evaluators.map(\.label)
        seed = experiment.seed
        self.original = original
        self.folder = folder
        self.inputs = inputs
        self.progress = progress
        statistics = experiment.statistics(of: original, digest: digest, inputs) { done, total in
            try progress.report("statistics", done, total)
        }
        influence = try experiment.training.map {
            try experiment.influence(of: original, digest: digest, $0, inputs, progress: progress.report)
        }
        log = try ScoreLog(folder.state.appending(path: "scores.jsonl"))
    }

    /// Lets every evaluator measure a model on the cases, chunk by chunk, and on what concerns the run as a whole.
    func measure(_ stage: String, _ model: LanguageModel, _ cases: [EditCase], group: Int) throws {
        let phase = "evaluate-\(stage)"
        let components = components(phase: phase)
        let chunks =
            stride(from: 0, to: cases.count, by: Self.chunk).map {
                Array(cases[$0..<min($0 + Self.chunk, cases.count)])
            } + [[]]
        for (number, evaluator) in evaluators.enumerated() {
            for (place, chunk) in chunks.enumerated() {
                try progress.report(phase, number * chunks.count + place, evaluators.count * chunks.count)
                let indices = chunk.map(\.index)
                guard log.scores(stage: stage, evaluator: number, group: group, cases: indices) == nil else { continue }
                let scores = try components.perform(
                    ComponentCall(.evaluate, stage: stage, cases: chunk), by: evaluator, on: model,
                    components.services(of: evaluator)
                ).scores
                try log.append(stage: stage, evaluator: number, group: group, cases: indices, scores: scores)
            }
        }
    }

    /// The figures of a stage.
    func summary(of stage: String, _ model: LanguageModel) throws -> [StagedMetric] {
        let components = components(phase: "summarize")
        var metrics: [StagedMetric] = []
        for (number, evaluator) in evaluators.enumerated() {
            let scores = log.scores(stage: stage, evaluator: number)
            guard !scores.isEmpty else { continue }
            let summary = try components.perform(
                ComponentCall(.summarize, stage: stage, scores: scores), by: evaluator, on: model,
                components.services(of: evaluator))
            metrics += summary.metrics.map { StagedMetric(names[number], stage, $0) }
        }
        return metrics
    }

    /// What the model says after each prompt. It is kept, so that a resumed run says the same.
    func answers(_ stage: String, _ model: LanguageModel, _ cases: [EditCase], group: Int) throws -> [String] {
        let prompts = cases.filter { !$0.prompt.isEmpty }
        guard prompts.count == cases.count else { return cases.map { _ in "" } }
        let file = folder.state.appending(path: "answers-\(stage)-\(group).json")
        if let kept = try SealedFile.read([String].self, from: file) { return kept }
        try progress.enter("answers-\(stage)")
        let answers = try Answers.greedy(model, cases)
        try inputs.check()
        try SealedFile.write(answers, to: file)
        return answers
    }

    /// What was measured, for a look at figures that are not finite.
    var measured: [NonFiniteFigures.Measured] {
        var all: [NonFiniteFigures.Measured] = []
        for stage in log.stages {
            for (number, name) in names.enumerated() {
                all += log.scores(stage: stage, evaluator: number).map {
                    NonFiniteFigures.Measured(component: name, stage: stage, score: $0)
                }
            }
        }
        return all
    }

    /// - Parameter phase: the clock that runs whatever the component calls its phases; nil: those.
    func components(phase fixed: String? = nil) -> ComponentServices {
        ComponentServices(
            original: original, seed: seed, checkInputs: inputs.check,
            progress: { [progress] phase, done, total in try progress.report(fixed ?? phase, done, total) },
            secondMoments: { [progress, statistics] kind, layers in
                try progress.clock.enter("statistics")
                let moments = try statistics.secondMoments(kind, layers: layers)
                try progress.clock.enter(fixed ?? "patch")
                return moments
            }, influence: influence, checkpoints: checkpoints)
    }
}
