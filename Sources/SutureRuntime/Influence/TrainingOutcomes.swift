// SPDX-License-Identifier: Apache-2.0

import Foundation
import SutureKit
import SutureModel

/// Trains a base model on some of the training examples, and reads how likely queries are then. What was found is kept in the
/// cache by content, so estimators that are compared share it, and a kill costs one training.
struct TrainingOutcomes {
    let trainer: LoadedComponent
    let base: LanguageModel
    let components: ComponentServices
    let queries: [MarkedText]
    /// A case of the experiment: trainers look at the cases, and need one.
    let editCase: EditCase
    let store: TensorStore
    /// Tokens of a pass that reads the queries.
    private static let tokenBudget = 4096

    /// log p of each query under the model that was trained on some examples. Cost: a training, where it is not known.
    ///
    /// - Parameter subset: indices, in ascending order.
    func logProbabilities(after subset: [Int]) throws -> [Double] {
        let key = key(of: subset)
        if let known = try store.get(key) { return try known.scalars(as: Double.self) }
        var services = components.services(of: trainer)
        let all = services.influence.examples
        services.influence.count = { subset.count }
        services.influence.examples = { places in try all(places.map { subset[$0] }) }
        let found = try components.perform(
            ComponentCall(.patch, cases: [editCase]), by: trainer, on: base, services)
        guard !found.deltas.isEmpty else {
            throw RuntimeError(
                .usage, "\(trainer.description.id) changed nothing, so there is nothing to validate by",
                hint: "name a component that trains on the training examples, such as retrain")
        }
        let trained = try PatchCheck.apply(found.deltas, to: base, by: trainer.description.id, group: 0).model
        let values = try read(trained)
        try store.put(key, Tensor(values, shape: [values.count]))
        return values
    }

    /// Where the outcomes of some trainings are kept: under everything that they depend on, but for the subset and the queries.
    static func store(
        _ experiment: ResolvedExperiment, _ trainer: ResolvedComponent, _ examples: TrainingFile, _ editCase: EditCase
    ) throws -> TensorStore {
        let settings = String(decoding: try JSON.encode(SettingJSON.parameters(of: trainer)), as: UTF8.self)
        // Files that the trainer's settings name.
        let files = experiment.digests.filter { $0.key.hasPrefix(ResolvedValidation.trainerName) }
            .sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
        let parts =
            [
                experiment.baseDigest, examples.digest, trainer.digest, trainer.id, settings,
                experiment.model.dtype.description, String(experiment.seed), editCase.id, editCase.filledPrompt,
                editCase.answer, editCase.wrongAnswer, editCase.targetNew,
            ] + files
        let key = Digest.of(Data(parts.joined(separator: "\0").utf8))
        return TensorStore(
            folder: StatisticsService.cacheFolder.appending(path: InfluenceService.folderName)
                .appending(path: "outcomes-\(key.prefix(32))"))
    }

    private func read(_ model: LanguageModel) throws -> [Double] {
        let handle = ModelTable.handle(model)
        defer { ModelTable.release(handle) }
        let seen = try Model(borrowing: handle)
        let rows = try queries.map { try seen.forcedRow($0) }
        return try seen.read(rows, .losses, tokenBudget: Self.tokenBudget).map { -$0.losses.reduce(0, +) }
    }

    private func key(of subset: [Int]) -> String {
        let texts = queries.flatMap { [$0.prompt, $0.text] }
        return (subset.map(String.init) + ["queries"] + texts).joined(separator: "\0")
    }
}
