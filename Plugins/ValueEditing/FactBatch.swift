// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Facts that are written at once into the MLPs of several layers: what MEMIT, PMET and AlphaEdit have in common.
///
/// Values are optimised at the last layer. Then, layer by layer, keys and the way from the current to the optimised
/// values are measured again on the model with the layers below already written, and a share of that way is written.
package struct FactBatch {
    package let method: String
    package let cases: [EditCase]
    package let layers: [Int]
    package let last: Int
    package let model: Model
    private let settings: ValueSettings
    private let templates: ContextTemplates
    /// By case, in each context template.
    private let lookups: [[SubjectLookup]]

    /// Nil without cases.
    ///
    /// - Parameter layers: the method's own setting.
    package init?(
        _ cases: [EditCase], at locations: [Location], layers own: [Int]?, _ settings: ValueSettings,
        _ contexts: ContextTemplateSettings, of method: String, in session: Session
    ) throws {
        let model = try session.model
        let layers = try commonLayers(own, locations, for: cases, of: method, model)
        guard let last = layers.last else { return nil }
        let templates = try contexts.templates(in: session)
        self.method = method
        self.cases = cases
        self.layers = layers
        self.last = last
        self.model = model
        self.settings = settings
        self.templates = templates
        lookups = try cases.map { try templates.lookups(of: $0, settings.factToken, model) }
    }

    /// Optimises values at sites of the last layer. The first site is the one that is written.
    package func values(
        of sites: [Site], likelihoodFactor: ValueOptimization.LikelihoodFactor = .constant, in session: Session
    ) throws -> OptimizedValues {
        let optimization = ValueOptimization(
            sites: sites, layer: last, settings: settings, objectives: settings.objectives(templates),
            likelihoodFactor: likelihoodFactor)
        return try optimization.values(for: cases, model, in: session)
    }

    /// Keys at a layer, `[fact, dMLP]`, float64.
    private func keys(at layer: Int, _ model: Model) throws -> Tensor {
        try model.keys(at: layer, lookups, weights: templates.keyWeights, tokenBudget: settings.tokenBudget)
    }

    /// Adds the keys of these facts, as an edited model has them, to what later groups of cases find.
    package func carryKeys(_ edited: Model, in session: Session) throws {
        for layer in layers { try PreviousKeys.add(keys(at: layer, edited), at: layer, in: session) }
    }

    /// Writes layer by layer, and records how likely the new objects are.
    ///
    /// - Parameter site: what the values are of.
    /// - Parameter share: what the way is divided by, from the number of layers that are left.
    /// - Parameter write: the change of the layer at a place in ``layers``, from keys Kᵀ `[fact, dMLP]` and residuals
    ///   Rᵀ `[fact, dModel]`, float64.
    /// - Returns: the patch, and the model with it.
    package func spread(
        to optimized: OptimizedValues, of site: Site, share: (Int) -> Double, in session: Session,
        write: (_ place: Int, _ keys: Tensor, _ residuals: Tensor) throws -> Delta.Form
    ) throws -> (patch: Patch, model: Model) {
        // The first template is the plain prompt.
        let prompts = lookups.map { $0[0].tokensThroughLookup }
        var model = model
        var patch = Patch()
        var distances: [Double] = []
        for (i, layer) in layers.enumerated() {
            try session.progress("keys", i, of: layers.count)
            let keys = try keys(at: layer, model)
            let current = try model.values(of: site, atEndOf: prompts, tokenBudget: settings.tokenBudget)
            let way = try optimized.values[0] - current
            if i == 0 { distances = try way.norm(1).scalars(as: Double.self) }
            session.log(.info, "\(method): layer \(layer), mean distance \(try way.norm(1).mean().item())")

            try session.progress("solve", i, of: layers.count)
            let residuals = try way.cast(to: .float64) / share(layers.count - i)
            let delta = Delta(try model.weightName(reading: .neurons(layer)), try write(i, keys, residuals))
            patch.deltas.append(delta)
            model = try model.applying(Patch([delta]))
        }
        try RewriteLikelihood.record(
            initial: optimized.initialNLL, value: optimized.finalNLL, of: cases, templates, settings, model,
            in: session)
        for (editCase, distance) in zip(cases, distances) {
            try session.record(Score("value_distance", distance, caseIndex: editCase.index))
        }
        return (patch, model)
    }
}

extension ValueSettings {
    /// What every method optimises a value for. The new object comes first.
    package func objectives(_ templates: ContextTemplates) -> [any ValueObjective] {
        [
            RewriteObjective(templates: templates, token: factToken),
            NeighborObjective(templates: templates, settings: neighbor, token: factToken),
            EssenceObjective(token: factToken),
        ]
    }
}
