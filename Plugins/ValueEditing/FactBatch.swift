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

    /// Optimises values at sites of the last layer.
    package func values(
        of sites: [Site], likelihoodFactor: ValueOptimization.LikelihoodFactor = .constant, in session: Session
    ) throws -> OptimizedValues {
        let optimization = ValueOptimization(
            sites: sites, layer: last, settings: settings, objectives: settings.objectives(templates),
            likelihoodFactor: likelihoodFactor)
        return try optimization.values(for: cases, model, in: session)
    }

    /// Keys at a layer, `[fact, dMLP]`, float64.
    package func keys(at layer: Int, _ model: Model) throws -> Tensor {
        try model.keys(at: layer, lookups, weights: templates.keyWeights, tokenBudget: settings.tokenBudget)
    }

    /// Writes layer by layer.
    ///
    /// - Parameter targets: `[case, dModel]`, the values that `site` shall have.
    /// - Parameter share: what the way is divided by, from the number of layers that are left.
    /// - Parameter write: the change of the layer at a place in ``layers``, from keys Kᵀ `[fact, dMLP]` and residuals Rᵀ
    ///   `[fact, dModel]`, float64.
    /// - Returns: the patch, and the model with it.
    package func spread(
        to targets: Tensor, of site: Site, share: (Int) -> Double, in session: Session,
        write: (_ place: Int, _ keys: Tensor, _ residuals: Tensor) throws -> Delta.Form
    ) throws -> (patch: Patch, model: Model) {
        // The first template is the plain prompt.
        let prompts = lookups.map { $0[0].tokensThroughLookup }
        var model = model
        var patch = Patch()
        for (i, layer) in layers.enumerated() {
            try session.progress("keys", i, of: layers.count)
            let keys = try keys(at: layer, model)
            let way = try targets - model.values(of: site, atEndOf: prompts, tokenBudget: settings.tokenBudget)
            session.log(.info, "\(method): layer \(layer), mean distance \(try way.norm(1).mean().item())")

            try session.progress("solve", i, of: layers.count)
            let residuals = try way.cast(to: .float64) / share(layers.count - i)
            let delta = Delta(try model.weightName(reading: .neurons(layer)), try write(i, keys, residuals))
            patch.deltas.append(delta)
            model = try model.applying(Patch([delta]))
        }
        return (patch, model)
    }
}

extension ValueSettings {
    /// What every method optimises a value for.
    package func objectives(_ templates: ContextTemplates) -> [any ValueObjective] {
        [RewriteObjective(templates: templates, token: factToken), EssenceObjective(token: factToken)]
    }
}
