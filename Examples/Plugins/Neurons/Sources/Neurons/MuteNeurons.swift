// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Weakens the neurons that speak for the old answer. It forgets a fact; it does not write the new one.
struct MuteNeurons: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "mute-neurons", summary: "Weakens the neurons that speak for the old answer.",
        requires: [.prompt, .subject, .targetTrue])

    @Parameter("count", in: .positive, unit: "neurons", help: "Neurons to weaken in each selected layer.")
    var count = 5

    @Parameter("strength", in: .closed(0...1), help: "Share of a neuron's output that is taken away; 1 is all of it.")
    var strength = 1.0

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard !cases.isEmpty else { return Patch() }
        let model = try session.model
        let layers = Set(cases.flatMap { locations.selectedLayers(of: .neurons, forCase: $0.index) }).sorted()
        guard !layers.isEmpty else {
            throw SutureError(
                .invalidArgument, "the locator selected no neurons", hint: "use fixed-layers with site: neurons")
        }
        var evidence = try Tensor.zeros([layers.count, model.info.dMLP], device: model.info.device)
        for (i, editCase) in cases.enumerated() {
            try session.progress("evidence", i, of: cases.count)
            let key = "evidence/\(editCase.id)"  // stored, so that a killed run does not measure it again
            let own = try session.stored(key) ?? self.evidence(for: editCase, layers, model)
            try session.store(key, own)
            evidence = try evidence + own.cast(device: model.info.device)
        }
        let n = min(count, model.info.dMLP)
        return Patch(
            try layers.enumerated().map { i, layer in
                let chosen = try evidence[i].topK(n).indices.scalars(as: Int.self)
                let name = try model.weightName(reading: .neurons(layer))
                let columns = try model.parameter(name).indexSelect(1, chosen)  // [dModel, n]
                let places = try Tensor(chosen.enumerated().map { TokenIndex(row: $0, position: $1) })
                let right = try Tensor.zeros([n, model.info.dMLP]).put(Tensor.ones([n]), at: places)
                return Delta(name, .lowRank(left: try columns.cast(to: .float32) * -strength, right: right))
            })
    }

    /// Activation times gradient of log p(first token of the old answer), at the prompt's end: `[layer, dMLP]`, float32.
    private func evidence(for editCase: EditCase, _ layers: [Int], _ model: Model) throws -> Tensor {
        let (prompt, target) = try model.tokens(
            of: editCase.filledPrompt, followedBy: editCase.following(editCase.targetTrue))
        let end = [TokenIndex(row: 0, position: prompt.count - 1)]
        let probes = try layers.map { _ in
            try Tensor.zeros([1, model.info.dMLP], dtype: model.info.dtype, device: model.info.device).leaf()
        }
        var pass = Forward(try TokenBatch([prompt]), logits: .last)
        pass.captures = layers.map { Capture(.neurons($0), at: end) }
        pass.interventions = zip(layers, probes).map { Intervention(.neurons($0), at: end, .add($1)) }
        let output = try model.forward(pass)
        let likelihood = try output.requireLogits().cast(to: .float32).logSoftmax()[0].select(0, target[0])
        let gradients = try likelihood.gradients(of: probes)
        let products = try zip(output.captures, gradients).map { activation, gradient in
            try gradient.map { try activation.detached() * $0 } ?? Tensor.zeros(activation.shape)
        }
        return try Tensor.concatenated(products).cast(to: .float32)
    }
}
