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
    private let folder: RunFolder
    private let experiment: ResolvedExperiment
    private let inputs: InputWatch
    private let progress: RunProgress
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
        progress = try RunProgress(folder, events)
        locator = try LoadedComponent(try experiment.requiredLocator())
        let named = try experiment.requiredMethod()
        method = try LoadedComponent(named)
        methodID = named.id
        evaluators = try experiment.evaluators.map { try LoadedComponent($0) }
    }

    /// - Returns: what the run found out, and the model that it read.
    /// - Throws: the error that ended the run; `FAILED` then holds its sentence.
    package func run() throws -> (results: RunResults, model: LanguageModel) {
        try progress.timing { try work() }
    }

    private func work() throws -> (results: RunResults, model: LanguageModel) {
        try enter("load")
        let read = try CaseSelection(experiment.dataset, model: experiment.model.source, needs: needs)
        let original = try experiment.loadModel(inputs)
        let (selection, knowledge) = try experiment.known(read, by: original, in: folder, progress.report)
        let cases = selection.cases
        let store = TensorStore(folder: folder.state.appending(path: "tensors"))
        let plan = EditGroups(experiment.edit, caseCount: cases.count)
        var results = RunResults()
        results.skipped = selection.skipped
        results.edited = cases
        results.metrics = knowledge
        var reports: [MethodReport] = []

        let evaluation = try CaseEvaluation(
            evaluators, of: experiment, in: folder, original: original, digest: experiment.editedModelDigest,
            inputs: inputs, progress: progress)
        let answersBefore = try evaluation.answers("before", original, cases, group: 0)
        try evaluation.measure("before", original, cases, group: 0)

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
                answersAfter += try evaluation.answers("after", edited, groupCases, group: group.index)
                try evaluation.measure("after", edited, groupCases, group: group.index)
            } else if let measured = measured(after: group, cases) {
                try evaluation.measure("batch-\(group.index + 1)", edited, measured, group: group.index)
            }
        }
        try checkUnchanged(results.patches)
        if !plan.restores {
            answersAfter = try evaluation.answers("after", current, cases, group: 0)
            try evaluation.measure("after", current, cases, group: 0)
        }
        try enter("summarize")
        for stage in stages(evaluation.log, reports) {
            results.metrics += try evaluation.summary(of: stage, current)
            results.metrics += methodMetrics(stage, reports)
        }
        let figures = NonFiniteFigures(
            evaluation.measured + measured(by: reports), metrics: results.metrics, cases: cases)
        for sentence in figures.sentences {
            Host.log(.warning, sentence)
        }
        results.prompts = try cases.map { try LocationsFile.Prompt($0, original.tokenizer) }
        results.cases = try CaseResult.records(
            cases, original, answers: ["before": answersBefore, "after": answersAfter], evaluators: evaluation.names,
            log: evaluation.log, method: methodID, reports: reports)
        progress.clock.stop()
        results.seconds = progress.clock.seconds
        results.processes = progress.clock.processes
        results.peakMemory = progress.clock.peakMemory
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
        let components = zip([locator, method], [experiment.locator, experiment.method].compactMap(\.self))
        return (Array(components) + zip(evaluators, experiment.evaluators)).flatMap { $0.needs(as: $1) }
    }

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
        _ cases: [EditCase], _ group: Int, _ model: LanguageModel, _ evaluation: CaseEvaluation, _ store: TensorStore,
        _ carried: CarriedState
    ) throws -> GroupState.Content {
        let state = GroupState(folder: folder.state.appending(path: "group-\(group)"))
        if let content = try state.read() { return content }
        let components = evaluation.components()
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
            try progress.clock.enter("patch")
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
        _ evaluation: CaseEvaluation
    ) throws -> [WeightChange] {
        guard !stage.isEmpty, stage != "before", stage != "after" else {
            throw SutureError(
                .invalidArgument, "\"\(stage)\" cannot be the stage of an intermediate result",
                hint: "name it by its number: \"pass-1\"")
        }
        let (edited, changes) = try PatchCheck.apply(deltas, to: model, by: methodID, group: group)
        try evaluation.measure(stage, edited, cases, group: group)
        return changes.map { change in
            var change = change
            change.stage = stage
            return change
        }
    }

    // MARK: What the method recorded

    private func measured(by reports: [MethodReport]) -> [NonFiniteFigures.Measured] {
        reports.flatMap { report in
            report.scores.map { NonFiniteFigures.Measured(component: methodID, stage: report.stage, score: $0) }
        }
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

    private func enter(_ phase: String) throws { try progress.enter(phase) }
}
