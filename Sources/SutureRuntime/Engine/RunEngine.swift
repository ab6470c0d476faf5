// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Performs a run in the worker: it evaluates, locates, patches, checks, applies, evaluates again and writes the
/// results.
///
/// Each step leaves what it did in the run folder's `state/` before the next begins, and looks there first. So a run that
/// was killed continues where it stopped and ends with the numbers of an undisturbed one.
package final class RunEngine {
    /// Cases in one call of an evaluator. A kill during an evaluation costs at most the work of one call.
    private static let evaluationChunk = 16

    private let folder: RunFolder
    private let experiment: ResolvedExperiment
    private let inputs: InputWatch
    private let events: any RunEvents
    private let clock: PhaseClock
    private let locator: LoadedComponent
    private let method: LoadedComponent
    /// The name of the method.
    private let methodID: String
    private let evaluators: [LoadedComponent]

    /// Loads the components and hands them their settings, which they check against each other.
    package init(
        folder: RunFolder, experiment: ResolvedExperiment, inputs: InputWatch, events: any RunEvents
    ) throws {
        self.folder = folder
        self.experiment = experiment
        self.inputs = inputs
        clock = try PhaseClock(keptIn: folder.state.appending(path: "seconds.json"))
        self.events = events
        locator = try LoadedComponent(experiment.locator)
        let named = try experiment.requiredMethod()
        method = try LoadedComponent(named)
        methodID = named.id
        evaluators = try experiment.evaluators.map { try LoadedComponent($0) }
    }

    /// - Returns: what the run found out, and the model that it read.
    /// - Throws: the error that ended the run; `FAILED` then holds its sentence.
    package func run() throws -> (results: RunResults, model: LanguageModel) {
        do {
            return try work()
        } catch {
            clock.stop()
            // The error matters more than a time that is lost.
            try? clock.write()
            throw error
        }
    }

    private func work() throws -> (results: RunResults, model: LanguageModel) {
        try enter("load")
        let selection = try CaseSelection(experiment.dataset, model: experiment.model.source, needs: needs)
        let cases = selection.cases
        let original = try experiment.loadModel(inputs)
        let statistics = experiment.statistics(of: original, inputs) { [self] done, total in
            try report("statistics", done, total)
        }
        let store = TensorStore(folder: folder.state.appending(path: "tensors"))
        let log = try ScoreLog(folder.state.appending(path: "scores.jsonl"))
        let plan = EditGroups(experiment.edit, caseCount: cases.count)
        var results = RunResults()
        results.skipped = selection.skipped
        var reports: [MethodReport] = []

        let answersBefore = try answers("before", original, cases, group: 0)
        let evaluation = Evaluation(original: original, statistics: statistics, log: log)
        try evaluate("before", original, cases, group: 0, evaluation)

        var current = original
        var carried = CarriedState()
        var answersAfter: [String] = []
        for group in plan.groups {
            let groupCases = Array(cases[group.cases])
            if plan.restores {
                current = original
                carried = CarriedState()
            }
            carried.beginGroup()
            let made = try edit(
                groupCases, group.index, current, evaluation, store.scope("group-\(group.index)"), carried)
            carried = CarriedState(made.carried)
            results.locations += made.locations
            reports += made.reports
            results.weights += made.reports.flatMap(\.weights)
            try enter("apply")
            // A single group may need no edit. A run that edits nothing is refused below.
            if made.deltas.isEmpty && plan.groups.count == 1 { throw PatchCheck.nothing(by: methodID) }
            let (edited, changes) = try PatchCheck.apply(
                made.deltas, to: current, by: methodID, group: group.index)
            results.patches.append(made.deltas)
            results.weights += changes
            current = edited
            if plan.restores {
                answersAfter += try answers("after", edited, groupCases, group: group.index)
                try evaluate("after", edited, groupCases, group: group.index, evaluation)
            } else if let measured = measured(after: group, cases) {
                try evaluate("batch-\(group.index + 1)", edited, measured, group: group.index, evaluation)
            }
        }
        try checkUnchanged(results.patches)
        if !plan.restores {
            answersAfter = try answers("after", current, cases, group: 0)
            try evaluate("after", current, cases, group: 0, evaluation)
        }
        try enter("summarize")
        for stage in stages(log, reports) {
            results.metrics += try summarize(stage, current, evaluation)
            results.metrics += methodMetrics(stage, reports)
        }
        for sentence in nonFiniteFigures(log, reports, results.metrics, cases).sentences {
            Host.log(.warning, sentence)
        }
        results.prompts = try cases.map { try LocationsFile.Prompt($0, original.tokenizer) }
        results.cases = try CaseResult.records(
            cases, original, before: answersBefore, after: answersAfter, evaluators: evaluatorNames, log: log,
            method: methodID, reports: reports)
        clock.stop()
        results.seconds = clock.seconds
        results.processes = clock.processes
        return (results, original)
    }

    /// Says how many groups were left as they are.
    ///
    /// - Throws: `refused` where all were.
    private func checkUnchanged(_ patches: [[Delta]]) throws {
        let unchanged = patches.count { $0.isEmpty }
        guard unchanged > 0 else { return }
        guard unchanged < patches.count else { throw PatchCheck.nothing(by: methodID) }
        Host.log(
            .warning,
            "\(methodID) changed nothing in \(unchanged) of \(patches.count) groups of cases, which are "
                + "measured as they are")
    }

    /// What the components need of each case.
    private var needs: [CaseRequirements.Need] {
        let components = [(locator, experiment.locator)] + (experiment.method.map { [(method, $0)] } ?? [])
        return (components + zip(evaluators, experiment.evaluators)).flatMap { $0.needs(as: $1) }
    }

    private var evaluatorNames: [String] { experiment.evaluators.map(\.label) }

    /// What a sequential run measures after a group; nil: nothing.
    private func measured(after group: EditGroups.Group, _ cases: [EditCase]) -> [EditCase]? {
        switch experiment.edit.evaluate {
        case .batch: Array(cases[group.cases])
        case .seen: Array(cases[..<group.cases.upperBound])
        case .end: nil
        }
    }

    /// "before" comes first and "after" last; the stages between are in their order.
    private func stages(_ log: ScoreLog, _ reports: [MethodReport]) -> [String] {
        var between: [String] = []
        for stage in log.stages + reports.map(\.stage) where stage != "before" && stage != "after" {
            if !between.contains(stage) { between.append(stage) }
        }
        return ["before"] + between + ["after"]
    }

    // MARK: Steps

    /// Locates and patches a group, or takes what is already there.
    private func edit(
        _ cases: [EditCase], _ group: Int, _ model: LanguageModel, _ evaluation: Evaluation, _ store: TensorStore,
        _ carried: CarriedState
    ) throws -> GroupState.Content {
        let state = GroupState(folder: folder.state.appending(path: "group-\(group)"))
        if let content = try state.read() { return content }
        let components = components(evaluation)
        var content = GroupState.Content()

        try enter("locate")
        content.locations = try components.perform(
            ComponentCall(.locate, cases: cases), by: locator, on: model,
            components.services(of: locator, store: store.scope("locator"))
        ).locations

        try enter("patch")
        var services = components.services(of: method, store: store.scope("method"), carried: carried)
        services.report = { [self] stage, deltas, scores in
            let weights = try measure(stage, deltas, on: model, cases, group, evaluation)
            content.reports.append(MethodReport(stage: stage, weights: weights, scores: scores))
            try clock.enter("patch")
        }
        let patched = try components.perform(
            ComponentCall(.patch, cases: cases, locations: content.locations), by: method, on: model, services)
        content.deltas = patched.deltas
        content.reports.append(MethodReport(stage: "after", weights: [], scores: patched.scores))
        content.carried = carried.tensors
        try state.write(content)
        // What a resumed run reads, so that both go on with the same bytes in the same layout.
        return try state.read() ?? content
    }

    /// Measures an intermediate result of a patcher.
    private func measure(
        _ stage: String, _ deltas: [Delta], on model: LanguageModel, _ cases: [EditCase], _ group: Int,
        _ evaluation: Evaluation
    ) throws -> [WeightChange] {
        guard !stage.isEmpty, stage != "before", stage != "after" else {
            throw SutureError(
                .invalidArgument, "\"\(stage)\" cannot be the stage of an intermediate result",
                hint: "name it by its number: \"pass-1\"")
        }
        let (edited, changes) = try PatchCheck.apply(deltas, to: model, by: methodID, group: group)
        try evaluate(stage, edited, cases, group: group, evaluation)
        return changes.map { change in
            var change = change
            change.stage = stage
            return change
        }
    }

    // MARK: Evaluation

    /// What every evaluation of a run shares.
    private struct Evaluation {
        var original: LanguageModel
        var statistics: StatisticsService
        var log: ScoreLog
    }

    /// Lets every evaluator measure a model on the cases, chunk by chunk, and on what concerns the run as a whole.
    private func evaluate(
        _ stage: String, _ model: LanguageModel, _ cases: [EditCase], group: Int, _ evaluation: Evaluation
    ) throws {
        let phase = "evaluate-\(stage)"
        let components = components(evaluation, phase: phase)
        let chunks =
            stride(from: 0, to: cases.count, by: RunEngine.evaluationChunk).map {
                Array(cases[$0..<min($0 + RunEngine.evaluationChunk, cases.count)])
            } + [[]]
        for (number, evaluator) in evaluators.enumerated() {
            for (place, chunk) in chunks.enumerated() {
                try report(phase, number * chunks.count + place, evaluators.count * chunks.count)
                let indices = chunk.map(\.index)
                guard evaluation.log.scores(stage: stage, evaluator: number, group: group, cases: indices) == nil
                else { continue }
                let scores = try components.perform(
                    ComponentCall(.evaluate, stage: stage, cases: chunk), by: evaluator, on: model,
                    components.services(of: evaluator)
                ).scores
                try evaluation.log.append(
                    stage: stage, evaluator: number, group: group, cases: indices, scores: scores)
            }
        }
    }

    private func summarize(
        _ stage: String, _ model: LanguageModel, _ evaluation: Evaluation
    ) throws -> [StagedMetric] {
        let components = components(evaluation, phase: "summarize")
        var metrics: [StagedMetric] = []
        for (number, evaluator) in evaluators.enumerated() {
            let scores = evaluation.log.scores(stage: stage, evaluator: number)
            guard !scores.isEmpty else { continue }
            let summary = try components.perform(
                ComponentCall(.summarize, stage: stage, scores: scores), by: evaluator, on: model,
                components.services(of: evaluator))
            metrics += summary.metrics.map { StagedMetric(evaluatorNames[number], stage, $0) }
        }
        return metrics
    }

    /// Of evaluators and of the method.
    private func nonFiniteFigures(
        _ log: ScoreLog, _ reports: [MethodReport], _ metrics: [StagedMetric], _ cases: [EditCase]
    ) -> NonFiniteFigures {
        var scores: [NonFiniteFigures.Measured] = []
        for stage in log.stages {
            for (number, name) in evaluatorNames.enumerated() {
                scores += log.scores(stage: stage, evaluator: number).map {
                    NonFiniteFigures.Measured(component: name, stage: stage, score: $0)
                }
            }
        }
        for report in reports {
            scores += report.scores.map {
                NonFiniteFigures.Measured(component: methodID, stage: report.stage, score: $0)
            }
        }
        return NonFiniteFigures(scores, metrics: metrics, cases: cases)
    }

    /// The means of what the method recorded under a stage, in the order in which the names first appear.
    private func methodMetrics(_ stage: String, _ reports: [MethodReport]) -> [StagedMetric] {
        let scores = reports.filter { $0.stage == stage }.flatMap(\.scores)
        var names: [String] = []
        for score in scores where !names.contains(score.name) { names.append(score.name) }
        return names.compactMap { name in
            Metric.mean(of: name, in: scores, unit: "", direction: .none, protocol: "as the method recorded it")
                .map { StagedMetric(methodID, stage, $0) }
        }
    }

    /// What the model says after each prompt. It is kept, so that a resumed run says the same.
    private func answers(
        _ stage: String, _ model: LanguageModel, _ cases: [EditCase], group: Int
    ) throws -> [String] {
        let prompts = cases.filter { !$0.prompt.isEmpty }
        guard prompts.count == cases.count else { return cases.map { _ in "" } }
        let file = folder.state.appending(path: "answers-\(stage)-\(group).json")
        if let kept = try SealedFile.read([String].self, from: file) { return kept }
        try enter("answers-\(stage)")
        let answers = try Answers.greedy(model, cases)
        try inputs.check()
        try SealedFile.write(answers, to: file)
        return answers
    }

    // MARK: Services

    /// - Parameter phase: the clock that runs whatever the component calls its phases; nil: those.
    private func components(_ evaluation: Evaluation, phase fixed: String? = nil) -> ComponentServices {
        ComponentServices(
            original: evaluation.original, seed: experiment.seed, checkInputs: inputs.check,
            progress: { [self] phase, done, total in try report(fixed ?? phase, done, total) },
            secondMoments: { [self] kind, layers in
                try clock.enter("statistics")
                let moments = try evaluation.statistics.secondMoments(kind, layers: layers)
                try clock.enter(fixed ?? "patch")
                return moments
            })
    }

    private func enter(_ phase: String) throws { try report(phase, 0, 0) }

    private func report(_ phase: String, _ done: Int, _ total: Int) throws {
        try clock.enter(phase)
        try events.phase(phase, done: done, total: total)
    }
}

/// Receives how far a run is. The worker sends this to the host.
package protocol RunEvents {
    /// - Throws: `SutureError` with the code `cancelled` when the run must end.
    func phase(_ name: String, done: Int, total: Int) throws
}
