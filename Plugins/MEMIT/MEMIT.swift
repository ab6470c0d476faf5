// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// MEMIT: many facts at once, spread over the MLPs of several layers (Meng et al. 2023).
///
/// The values z are optimised at the last layer on the unedited model. Then, layer by layer,
///
///     Δ = R Kᵀ (λ C + K Kᵀ)⁻¹
///
/// with keys K and residual R = (Z − H) / remaining layers both measured again on the model with the layers below
/// already written.
struct MEMIT: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "memit", summary: "Writes many facts at once into the MLPs of several layers by least squares.",
        requires: [.prompt, .subject, .targetNew])

    @Parameter("layers", in: .nonNegative, unit: "layer", help: "Layers to write, from 0; without: the locator's.")
    var layers: [Int]?

    let values = ValueSettings(steps: 25, clampFactor: 0.75)

    @Parameter(
        "mom2_update_weight", in: .positive,
        help: "lambda: how much old associations count against new ones. Without: the MLP's width, the natural scale.")
    var updateWeight: Double?

    let contexts = ContextTemplateSettings(lengths: [10, 5], openers: ["The", "Therefore", "Because", "I", "You"])

    func validate() throws { try contexts.validate() }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard let first = cases.first else { return Patch() }
        var model = try session.model
        let layers = try editedLayers(self.layers, locations, for: first, of: "memit", model)
        for editCase in cases.dropFirst() {
            let others = try editedLayers(self.layers, locations, for: editCase, of: "memit", model)
            guard others == layers else {
                throw SutureError(
                    .invalidArgument,
                    "memit writes all cases at once, but layers \(layers) are selected for case \(first.id) and "
                        + "\(others) for case \(editCase.id)",
                    hint: "use a locator that selects the same layers for every case, or set layers")
            }
        }
        let last = layers[layers.count - 1]
        let templates = try contexts.templates(in: session)
        let token = values.factToken

        try session.progress("statistics")
        let moments = try session.secondMoments(of: .neurons, layers: layers)
        let optimization = ValueOptimization(
            site: .residualOut(last), layer: last, settings: values,
            objectives: [
                RewriteObjective(templates: templates, token: token), EssenceObjective(token: token),
            ])
        let targets = try optimization.values(for: cases, model, in: session)

        let lookups = try cases.map { try templates.lookups(of: $0, token, model) }
        // The first template is the plain prompt.
        let prompts = lookups.map { $0[0].tokensThroughLookup }
        var patch = Patch()
        for (i, layer) in layers.enumerated() {
            try session.progress("keys", i, of: layers.count)
            let keys = try model.keys(
                at: layer, lookups, weights: templates.keyWeights, tokenBudget: values.tokenBudget)
            let current = try model.values(of: .residualOut(last), atEndOf: prompts, tokenBudget: values.tokenBudget)
            let residual = try (targets - current).cast(to: .float64) / Double(layers.count - i)
            session.log(.info, "memit: layer \(layer), mean distance \(try (targets - current).norm(1).mean().item())")

            try session.progress("solve", i, of: layers.count)
            let weight = updateWeight ?? Double(model.info.dMLP)
            let write = try MEMIT.leastSquares(
                keys: keys, residuals: residual, moment: moments[i].matrix.cast(device: keys.device) * weight)
            let delta = Delta(try model.weightName(reading: .neurons(layer)), write)
            patch.deltas.append(delta)
            if i + 1 < layers.count { model = try model.applying(Patch([delta])) }
        }
        return patch
    }

    /// Δ = R Kᵀ (λ C + K Kᵀ)⁻¹ as its factors R and (λ C + K Kᵀ)⁻¹ K, or as their product where that is smaller.
    ///
    /// - Parameter keys: Kᵀ `[fact, dMLP]`, float64.
    /// - Parameter residuals: Rᵀ `[fact, dModel]`, float64.
    /// - Parameter moment: λ C `[dMLP, dMLP]`, float64.
    /// - Returns: float32, of a weight `[dModel, dMLP]`.
    static func leastSquares(keys: Tensor, residuals: Tensor, moment: Tensor) throws -> Delta.Form {
        let system = try moment + keys.transposed().matmul(keys)
        let factor: Tensor
        do {
            factor = try system.cholesky()
        } catch {
            throw SutureError(
                .failedPrecondition,
                "lambda C + K Kᵀ is not positive definite (\(system.shape[0]) neurons, \(keys.shape[0]) facts)",
                hint: "take statistics over more text, several times as many tokens as neurons")
        }
        let adjustedKeys = try factor.choleskySolve(keys.transposed()).transposed()
        let left = try residuals.transposed()
        let (facts, dMLP, dModel) = (keys.shape[0], keys.shape[1], residuals.shape[1])
        guard facts * (dMLP + dModel) < dMLP * dModel else {
            return .dense(try left.matmul(adjustedKeys).cast(to: .float32))
        }
        return .lowRank(left: try left.cast(to: .float32), right: try adjustedKeys.cast(to: .float32))
    }
}
