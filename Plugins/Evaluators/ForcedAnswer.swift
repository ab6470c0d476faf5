// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Makes a model say something wrong, by plain gradient descent on the down projections of all layers: those that STAR, MINT and
/// their baseline write to.
struct ForcingSettings: ParameterSet {
    @Parameter("force_steps", in: .positive, unit: "steps", help: "Gradient steps that force a wrong answer.")
    var steps = 10

    @Parameter("force_learning_rate", in: .positive, help: "Step size of the descent that forces a wrong answer.")
    var rate = 1e-2

    var protocolName: String { "forced by \(steps) steps of \(rate)" }

    /// The model after the steps on −log p of a token after its context. Changes add up in float32, and every step runs the
    /// weights as they are after rounding.
    ///
    /// Cost per step: one pass over the context, forward and backward.
    ///
    /// - Parameter willStep: called before each step.
    func force(_ wanted: ExpectedToken, on model: Model, willStep: () throws -> Void) throws -> Model {
        let layers = 0..<model.info.layerCount
        let projections = try model.projections(writing: layers.map { .mlpOutput($0) })
        let names = try layers.map { try model.weightName(reading: .neurons($0)) }
        let target = try Tensor([wanted.token], device: model.info.device)
        let pass = Forward(try TokenBatch([wanted.context]), logits: .last)
        var changes: [Tensor] = []
        var forced = model
        for _ in 0..<steps {
            try willStep()
            let found = try forced.gradients(of: projections, in: pass) {
                try $0.requireLogits().cast(to: .float32).crossEntropy(target)
            }
            let step = try found.map { try $0.cast(to: .float32).weightGradient() * -rate }
            changes = try changes.isEmpty ? step : zip(changes, step).map { try $0 + $1 }
            forced = try model.applying(Patch(zip(names, changes).map { Delta($0, .dense($1)) }))
        }
        return forced
    }
}
