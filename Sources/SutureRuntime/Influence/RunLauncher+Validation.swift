// SPDX-License-Identifier: Apache-2.0

import SutureKit

extension RunLauncher {
    /// Examples that both tokenizers have to read alike before anything starts.
    private static let examplesLookedAt = 64

    /// The validations of a file's estimates, in the order of ``planToTrace(_:output:part:)``.
    ///
    /// - Throws: what is wrong with one of the experiments, or with what it says of the training.
    package func planToValidate(_ suite: ExperimentSuite, output: String? = nil) throws(RuntimeError) -> [PlannedRun] {
        let runs = try plan(suite, used: .validation, as: "validation", output: output)
        for run in runs {
            let validation = try run.experiment.requiredValidation()
            let settings = validation.settings
            let (_, training) = try run.experiment.requiredInfluence()
            let examples = try TrainingFile(training.path, limit: training.limit)
            let count = examples.count
            let first = try examples.block(0..<min(Self.examplesLookedAt, count))
            try validation.checkTokens(of: first.map { $0.text.prompt + $0.text.text }, run.experiment.model.source)
            guard settings.subsetCount != 1, settings.subsetCount > 0 || !settings.groups.isEmpty else {
                throw RuntimeError(
                    .usage,
                    settings.subsetCount == 1
                        ? "validation.subsets is 1, and one subset has nothing to be compared with"
                        : "validation.subsets is 0 and there are no groups, so nothing is compared",
                    hint: "write subsets: 20, or subsets: 0 and groups: [100]")
            }
            guard settings.subsetCount == 0 || Int((settings.share * Double(count)).rounded()) < count else {
                throw RuntimeError(
                    .usage, "validation.share \(settings.share.short) of \(count) training examples is all of them",
                    hint: "write share: 0.5")
            }
            if let size = settings.groups.first(where: { $0 >= count }) {
                throw RuntimeError(
                    .usage, "validation.groups leaves out \(size) of \(count) training examples, so none is left",
                    hint: "write smaller groups")
            }
        }
        return runs
    }

    /// The estimate that a validation is about: of the same queries by the same estimator.
    package static func estimate(of validation: PlannedRun, among estimates: [PlannedRun]) -> PlannedRun? {
        let own = validation.experiment
        return estimates.first {
            let other = $0.experiment
            return (own.model, own.dataset, own.training) == (other.model, other.dataset, other.training)
                && (own.influence, own.prefilter) == (other.influence, other.prefilter)
                && (own.statistics, own.seed) == (other.statistics, other.seed)
        }
    }

    /// Validates an estimate in a worker, or reads at once what the folder already holds.
    ///
    /// - Parameters:
    ///   - estimate: the run of the same experiment that traced.
    ///   - startsAnew: forgets what the folder holds. Trainings are in the cache and are not done again.
    package func validate(
        _ planned: PlannedRun, of estimate: PlannedRun, startsAnew: Bool = false, onEvent: (WorkerEvent) -> Void
    ) throws(RuntimeError) -> ValidationFile {
        let job = ValidationJob(task: planned.task, estimate: estimate.folder.url.path)
        try perform(job, of: planned, startsAnew: startsAnew, onEvent: onEvent)
        return try planned.folder.read(ValidationFile.self, from: planned.folder.validation)
    }
}
