// SPDX-License-Identifier: Apache-2.0

import SutureKit
import ValueEditing

/// ROME: one fact, one rank-one write into the MLP of one layer (Meng et al. 2022).
///
///     Λ = (v* − W k) / (k · u),   u = C⁻¹ k* / |C⁻¹ k*|,   W ← W + Λ uᵀ
///
/// The write makes the down projection map the key k to the optimised value v*. Several cases are written one after the
/// other, each on the model that the one before left.
struct ROME: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "rome", summary: "Writes a fact into the MLP of one layer by a rank-one change.",
        requires: [.prompt, .subject, .targetNew])

    /// Which key is where in the equation above.
    enum Key: String, ParameterChoice {
        /// u from the mean key over contexts, k the key of the plain prompt. Where the two are nearly orthogonal under
        /// C⁻¹ the divisor is tiny and one edit destroys the model.
        case published
        /// r-ROME (Gupta et al. 2024), variant P: the plain prompt's key in all places.
        case prompt
        /// r-ROME, variant A: the mean over contexts in all places, of keys and of outputs.
        case average
    }

    @Parameter(.editedLayers) var layers: [Int]?

    let values = ValueSettings(steps: 20, clampFactor: 4)

    @Parameter("mom2_adjustment", help: "Use the second moment C of the keys; without it, C is the identity.")
    var usesSecondMoment = true

    @Parameter(
        "key",
        help: "published mixes the mean and the plain key as the authors' code does; prompt and average are r-ROME.")
    var keyChoice = Key.published

    let contexts = ContextTemplateSettings(lengths: [5, 10, 10, 10], openers: [])

    func validate() throws { try contexts.validate() }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        var model = try session.model
        let layersOfCase = try cases.map { try editedLayers(layers, locations, for: $0, of: "rome", model) }
        let templates = try contexts.templates(in: session).flattened
        let factors = try choleskyFactors(Set(layersOfCase.joined()).sorted(), in: session)

        // One fact is one rank; a layer's facts are joined at the end.
        var writes: [Int: [Write]] = [:]
        var initial: [Double] = []
        var value: [Double] = []
        for (i, editCase) in cases.enumerated() {
            for (place, layer) in layersOfCase[i].enumerated() {
                let write = try write(editCase, layer, templates, factors[layer], model, in: session)
                let name = try model.weightName(reading: .neurons(layer))
                model = try model.applying(Patch([Delta(name, .lowRank(left: write.left, right: write.right))]))
                writes[layer, default: []].append(write)
                if place == 0 { initial.append(write.initialNLL) }
                if place == layersOfCase[i].count - 1 { value.append(write.valueNLL) }
            }
            try session.progress("rome", i + 1, of: cases.count)
        }
        try RewriteLikelihood.record(
            initial: initial, value: value, of: cases, templates, values, model, in: session)
        return Patch(
            try writes.sorted { $0.key < $1.key }.map { layer, writes in
                Delta(
                    try model.weightName(reading: .neurons(layer)),
                    .lowRank(
                        left: try Tensor.concatenated(writes.map(\.left), 1),
                        right: try Tensor.concatenated(writes.map(\.right), 0)))
            })
    }

    /// The lower factor of C, by layer. Empty without `mom2_adjustment`.
    private func choleskyFactors(_ layers: [Int], in session: Session) throws -> [Int: Tensor] {
        guard usesSecondMoment else { return [:] }
        try session.progress("statistics")
        var factors: [Int: Tensor] = [:]
        for (layer, moment) in zip(layers, try session.secondMoments(of: .neurons, layers: layers)) {
            factors[layer] = try moment.cholesky(
                of: "\(Site.neurons(layer))", remedy: "set mom2_adjustment: false")
        }
        return factors
    }

    private struct Write {
        /// Λ `[dModel, 1]` and uᵀ `[1, dMLP]`, float32.
        var left: Tensor
        var right: Tensor
        /// How likely the new object is before, and with the value put in.
        var initialNLL: Double
        var valueNLL: Double
    }

    private func write(
        _ editCase: EditCase, _ layer: Int, _ templates: ContextTemplates, _ factor: Tensor?, _ model: Model,
        in session: Session
    ) throws -> Write {
        let optimization = ValueOptimization(
            sites: [.mlpOutput(layer)], layer: layer, settings: values, objectives: values.objectives(templates))
        let optimized = try optimization.values(for: [editCase], model, in: session)

        try session.progress("keys")
        let rows = try templates.lookups(of: editCase, values.factToken, model).map(\.tokensThroughLookup)
        func reading(_ site: Site, averaged: Bool) throws -> Tensor {
            // The first template is the plain prompt.
            let chosen = averaged ? rows : [rows[0]]
            let read = try model.values(of: site, atEndOf: chosen, tokenBudget: values.tokenBudget)
            return try read.cast(to: .float64).mean(0)
        }
        let meanKey = try reading(.neurons(layer), averaged: keyChoice != .prompt)
        let key = keyChoice == .average ? meanKey : try reading(.neurons(layer), averaged: false)
        let output = try reading(.mlpOutput(layer), averaged: keyChoice == .average)

        try session.progress("solve")
        let (left, right) = try ROME.rankOne(
            meanKey: meanKey, key: key, value: optimized.values[0][0].cast(to: .float64), output: output,
            factor: factor?.cast(device: key.device))
        return Write(
            left: left, right: right, initialNLL: optimized.initialNLL[0], valueNLL: optimized.finalNLL[0])
    }

    /// Λ and uᵀ.
    ///
    /// - Parameter meanKey: k*, from which u is made, `[dMLP]`, float64. `key`: k, `[dMLP]`.
    /// - Parameter value: v*, `[dModel]`. `output`: W k with its bias, which the difference cancels.
    /// - Parameter factor: the lower Cholesky factor of C; nil for the identity.
    static func rankOne(
        meanKey: Tensor, key: Tensor, value: Tensor, output: Tensor, factor: Tensor?
    ) throws -> (left: Tensor, right: Tensor) {
        let adjusted = try factor?.choleskySolve(meanKey.unsqueezed(1)).squeezed(1) ?? meanKey
        let u = try adjusted / adjusted.norm()
        let lambda = try (value - output) / (key * u).sum()
        return (try lambda.unsqueezed(1).cast(to: .float32), try u.unsqueezed(0).cast(to: .float32))
    }
}
