// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Does a run, in the worker: evaluate, locate, patch, check, apply, evaluate, write down.
///
/// Each step leaves what it did in the run folder's `state/` before the next begins, and looks there first. So a run that
/// was killed goes on where it stopped and ends with the numbers of an undisturbed one.
package final class RunEngine {
    /// Cases in one call of an evaluator: what a kill costs at most while evaluating.
    private static let evaluationChunk = 16

    private let folder: RunFolder
    private let experiment: ResolvedExperiment
    private let events: any RunEvents
    private let clock = PhaseClock()
    private let locator: LoadedComponent
    private let method: LoadedComponent
    private let evaluators: [LoadedComponent]

    /// Loads the components and hands them their settings, which they check against each other.
    package init(
        folder: RunFolder, experiment: ResolvedExperiment, events: any RunEvents
    ) throws {
        self.folder = folder
        self.experiment = experiment
        self.events = events
        locator = try LoadedComponent(experiment.locator)
        method = try LoadedComponent(experiment.method)
        evaluators = try experiment.evaluators.map { try LoadedComponent($0) }
    }

    /// - Throws: the error that ended the run; `FAILED` then holds its sentence.
    package func run() throws -> RunResults {
        let cases = try experiment.dataset.read()
        try enter("load")
        let original = try LanguageModel(
            folder: URL(fileURLWithPath: experiment.model.source), dtype: experiment.model.dtype,
            device: experiment.model.device)
        let statistics = StatisticsService(
            model: original, settings: experiment.statistics, modelDigest: experiment.digests["model"] ?? ""
        ) { [self] done, total in try report("statistics", done, total) }
        let store = TensorStore(folder: folder.state.appending(path: "tensors"))
        let log = try ScoreLog(folder.state.appending(path: "scores.jsonl"))
        let plan = EditGroups(experiment.edit, caseCount: cases.count)
        var results = RunResults()

        let answersBefore = try answers("before", original, cases, group: 0)
        try evaluate(
            "before", original, original, cases, group: 0, log, services(statistics, phase: "evaluate-before"))

        var current = original
        var answersAfter: [String] = []
        for group in plan.groups {
            let groupCases = Array(cases[group.cases])
            if plan.restores { current = original }
            let kept = store.scope("group-\(group.index)")
            let made = try edit(
                groupCases, group.index, current, original,
                locating: services(statistics, store: kept.scope("locator")),
                patching: services(statistics, store: kept.scope("method")))
            results.locations += made.locations
            try enter("apply")
            let (edited, changes) = try PatchCheck.apply(
                made.deltas, to: current, by: experiment.method.id, group: group.index)
            results.patches.append(made.deltas)
            results.weights += changes
            current = edited
            if plan.restores {
                answersAfter += try answers("after", edited, groupCases, group: group.index)
                try evaluate(
                    "after", edited, original, groupCases, group: group.index, log,
                    services(statistics, phase: "evaluate-after"))
            }
        }
        if !plan.restores {
            answersAfter = try answers("after", current, cases, group: 0)
            try evaluate(
                "after", current, original, cases, group: 0, log, services(statistics, phase: "evaluate-after"))
        }
        try enter("summarize")
        for stage in ["before", "after"] {
            results.metrics += try summarize(stage, current, original, log, services(statistics, phase: "summarize"))
        }
        results.cases = try CaseResult.records(
            cases, original, before: answersBefore, after: answersAfter, evaluators: evaluatorNames, log: log)
        clock.stop()
        results.seconds = clock.seconds
        return results
    }

    private var evaluatorNames: [String] { experiment.evaluators.map(\.id) }

    // MARK: Steps

    private struct Edit {
        var locations: [Location]
        var deltas: [Delta]
    }

    /// Locates and patches a group, or takes the patch that is already there.
    private func edit(
        _ cases: [EditCase], _ group: Int, _ model: LanguageModel, _ original: LanguageModel,
        locating locatorServices: RunServices, patching methodServices: RunServices
    ) throws -> Edit {
        let state = GroupState(folder: folder.state.appending(path: "group-\(group)"))
        if let (locations, deltas) = try state.read() { return Edit(locations: locations, deltas: deltas) }
        try enter("locate")
        let locating = RunSession(
            model: model, original: original, seed: experiment.seed, services: locatorServices)
        try locating.withHandle { try locator.locate(cases, session: $0) }
        try enter("patch")
        let patching = RunSession(model: model, original: original, seed: experiment.seed, services: methodServices)
        try patching.withHandle { try method.patch(cases, at: locating.locations, session: $0) }
        try state.write(locating.locations, patching.deltas)
        return Edit(locations: locating.locations, deltas: patching.deltas)
    }

    /// Lets every evaluator measure a model on the cases, chunk by chunk, and on what concerns the run as a whole.
    private func evaluate(
        _ stage: String, _ model: LanguageModel, _ original: LanguageModel, _ cases: [EditCase], group: Int,
        _ log: ScoreLog, _ services: RunServices
    ) throws {
        let phase = "evaluate-\(stage)"
        let chunks =
            stride(from: 0, to: cases.count, by: RunEngine.evaluationChunk).map {
                Array(cases[$0..<min($0 + RunEngine.evaluationChunk, cases.count)])
            } + [[]]
        for (number, evaluator) in evaluators.enumerated() {
            for (place, chunk) in chunks.enumerated() {
                try report(phase, number * chunks.count + place, evaluators.count * chunks.count)
                let indices = chunk.map(\.index)
                guard log.scores(stage: stage, evaluator: number, group: group, cases: indices) == nil else { continue }
                let session = RunSession(
                    model: model, original: original, seed: experiment.seed, stage: stage, services: services)
                try session.withHandle { try evaluator.evaluate(chunk, session: $0) }
                try log.append(
                    stage: stage, evaluator: number, group: group, cases: indices, scores: session.scores)
            }
        }
    }

    private func summarize(
        _ stage: String, _ model: LanguageModel, _ original: LanguageModel, _ log: ScoreLog, _ services: RunServices
    ) throws -> [StagedMetric] {
        var metrics: [StagedMetric] = []
        for (number, evaluator) in evaluators.enumerated() {
            let scores = log.scores(stage: stage, evaluator: number)
            guard !scores.isEmpty else { continue }
            let session = RunSession(
                model: model, original: original, seed: experiment.seed, stage: stage, services: services)
            try session.withHandle { try evaluator.summarize(scores, session: $0) }
            metrics += session.metrics.map { StagedMetric(evaluatorNames[number], stage, $0) }
        }
        return metrics
    }

    /// What the model says after each prompt; kept, so that a resumed run says the same.
    private func answers(
        _ stage: String, _ model: LanguageModel, _ cases: [EditCase], group: Int
    ) throws -> [String] {
        let prompts = cases.filter { !$0.prompt.isEmpty }
        guard prompts.count == cases.count else { return cases.map { _ in "" } }
        let file = folder.state.appending(path: "answers-\(stage)-\(group).json")
        if let data = try? Data(contentsOf: file), let kept = try? JSONDecoder().decode([String].self, from: data) {
            return kept
        }
        try enter("answers-\(stage)")
        let answers = try Answers.greedy(model, cases)
        try RunFolder.write(answers, to: file)
        return answers
    }

    // MARK: Services

    /// - Parameters:
    ///   - store: where a component keeps work; nil: nowhere.
    ///   - phase: the clock that runs whatever the component calls its phases; nil: those.
    private func services(
        _ statistics: StatisticsService, store: TensorStore? = nil, phase fixed: String? = nil
    ) -> RunServices {
        RunServices(
            progress: { [self] phase, done, total in try report(fixed ?? phase, done, total) },
            secondMoments: { [self] kind, layers in
                defer { clock.enter(fixed ?? "patch") }
                clock.enter("statistics")
                return try statistics.secondMoments(kind, layers: layers)
            },
            stored: { key in try store?.get(key) }, store: { key, tensor in try store?.put(key, tensor) })
    }

    private func enter(_ phase: String) throws { try report(phase, 0, 0) }

    private func report(_ phase: String, _ done: Int, _ total: Int) throws {
        clock.enter(phase)
        try events.phase(phase, done: done, total: total)
    }
}

/// Where a run says how far it is. The worker sends it to the host.
package protocol RunEvents {
    /// - Throws: `SutureError` with the code `cancelled` when the run shall end.
    func phase(_ name: String, done: Int, total: Int) throws
}
