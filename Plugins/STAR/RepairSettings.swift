// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// When it is read which of an answer's tokens are wrong, and what the model says instead.
enum WrongTokens: String, ParameterChoice {
    /// Again after every repair: a token that has become right is left alone, one that has become wrong is repaired.
    case anew
    /// Before an answer's first repair, as in the authors' code.
    case once
}

/// What all three methods may be told about where they write and what they read.
struct RepairSettings: ParameterSet {
    @Parameter(
        "layers", in: .nonNegative, unit: "layer",
        help: "Layers of which every neuron is written, from 0. If not given, what the locator selected, or all layers."
    )
    var layers: [Int]?

    @Parameter(
        "locator", kind: .locator,
        help: "Asked again before each repair, on the model as it is then; without: the experiment's locator, once.")
    var locator: ComponentReference?

    @Parameter(
        "max_answer_tokens", in: .positive, unit: "tokens",
        help: "Repair only this many tokens of an answer, from its beginning; without: all.")
    var answerLimit: Int?

    @Parameter(
        "wrong_tokens",
        help: "One token at a time: an answer's wrong tokens are read again after every repair (anew) or once before.")
    var wrongTokens = WrongTokens.anew

    @Parameter(.batchTokens) var tokenBudget = 8192

    /// The neurons to write for some failures together.
    func neurons(
        for failures: [Failure], at locations: [Location], of method: String, _ model: Model, in session: Session
    ) throws(SutureError) -> PatchedNeurons {
        var locations = locations
        if let locator {
            var cases: [EditCase] = []
            for failure in failures where cases.last?.index != failure.answer.caseIndex {
                cases.append(failure.answer.editCase)
            }
            locations = try session.locate(cases, with: locator, on: model)
        }
        let located = PatchedNeurons(failures.flatMap { locations.selected(for: $0) })
        let own = layers.map { PatchedNeurons(layers: $0) }
        if let own, !located.layers.isEmpty, located.layers != own.layers {
            throw SutureError(
                .invalidArgument,
                "\(method) has the setting layers \(own.layers), but the locator selected \(located.layers)",
                hint: "remove one of the two")
        }
        if own == nil, located.layers.isEmpty, !locations.isEmpty {
            let ids = Set(failures.map(\.answer.id)).sorted().joined(separator: ", ")
            session.log(.warning, "\(method): the locator selected nothing for case \(ids), so all layers are written")
        }
        let all = PatchedNeurons(layers: Array(0..<model.info.layerCount))
        let chosen = located.layers.isEmpty ? own ?? all : located
        try chosen.check(model, method: method)
        return chosen
    }
}

/// The settings of repairs by gradient steps, under the names of the published code.
struct StepSettings: ParameterSet {
    @Parameter("learning_rate", in: .positive, help: "Step size; the same for any number of layers.")
    var learningRate = 1e-2

    @Parameter("scale", in: .positive, help: "A factor by which learning_rate is multiplied.")
    var scale = 1.0

    @Parameter("epochs", in: .positive, unit: "steps", help: "Steps per failure, or per group of them.")
    var epochs = 10

    @Parameter(
        "stop_margin", in: .nonNegative, unit: "logits",
        help: "Stop early, once every target is ahead of all other tokens by more. If not given, never, as published.")
    var stopMargin: Double?

    var rate: Double { learningRate * scale }
}

/// A loop of steps on the patched projections: forward, backward, all layers at once.
struct RepairLoop {
    var settings: StepSettings

    /// - Parameter step: what a layer changes by, given what was seen.
    /// - Returns: the steps that were taken.
    func run(
        _ pass: RepairPass, _ changes: inout WeightChanges, willStep: () throws -> Void,
        step: (Int, Observation) throws -> LayerStep
    ) throws -> Int {
        for epoch in 0..<settings.epochs {
            try willStep()
            let seen = try pass.run(changes.model)
            if let margin = settings.stopMargin, try seen.isSolved(margin: margin) { return epoch }
            var steps: [Int: LayerStep] = [:]
            for layer in pass.layers { steps[layer] = try step(layer, seen) }
            try changes.add(steps)
        }
        return settings.epochs
    }
}
