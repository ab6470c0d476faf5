// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The section `influence` with nothing left to decide.
package struct ResolvedInfluence: Sendable, Hashable {
    package var settings: Experiment.Influence
    package var estimator: ResolvedComponent
    package var annotator: ResolvedComponent?

    /// The components, by the setting that names each.
    var components: [(setting: String, component: ResolvedComponent)] {
        [
            ("influence.estimator", estimator as ResolvedComponent?), ("influence.annotator", annotator),
        ].compactMap { name, component in component.map { (name, $0) } }
    }
}

extension ResolvedExperiment {
    /// - Throws: `usage` where a component asks an estimator, and there is nothing to ask it about.
    func checkTraining() throws(RuntimeError) {
        guard training == nil, let estimator = components.first(where: { $0.kind == .estimator }) else { return }
        throw RuntimeError(
            .usage,
            "\(estimator.id) traces what the model says to its training examples, and the experiment names none",
            hint: "name the file that the model was trained on: training: {path: train.jsonl}")
    }

    /// The section `influence`.
    ///
    /// - Throws: `usage` for an experiment of another command.
    package func requiredInfluence() throws(RuntimeError) -> (ResolvedInfluence, Experiment.Training) {
        guard let influence, let training else {
            throw RuntimeError(
                .usage, "\"\(runID)\" traces nothing to training examples", hint: "start `suture influence`")
        }
        return (influence, training)
    }
}
