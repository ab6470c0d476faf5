// SPDX-License-Identifier: Apache-2.0

import SutureKit
import ValueEditing

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

    @Parameter(.editedLayers) var layers: [Int]?

    let values = ValueSettings(steps: 25, clampFactor: 0.75)

    @Parameter(.updateWeight) var updateWeight: Double?

    @Parameter(
        "carry_keys",
        help:
            "In sequential edits, keep what earlier groups of cases wrote, by adding their keys to lambda C (MEMIT_seq)."
    )
    var carriesKeys = false

    let contexts = ContextTemplateSettings.sentences

    func validate() throws { try contexts.validate() }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard
            let batch = try FactBatch(cases, at: locations, layers: layers, values, contexts, of: "memit", in: session)
        else { return Patch() }
        try session.progress("statistics")
        let moments = try session.secondMoments(of: .neurons, layers: batch.layers)
        let weight = updateWeight ?? Double(batch.model.info.dMLP)

        let site = Site.residualOut(batch.last)
        let optimized = try batch.values(of: [site], in: session)
        let (patch, edited) = try batch.spread(to: optimized, of: site, share: Double.init, in: session) {
            place, keys, residuals in
            let layer = batch.layers[place]
            var moment = moments[place]
            moment.matrix = try moment.matrix.cast(device: keys.device) * weight
            if carriesKeys, let earlier = try PreviousKeys.read(at: layer, batch.model, in: session) {
                moment.matrix = try moment.matrix + earlier.transposed().matmul(earlier)
            }
            return try LeastSquares.write(keys: keys, residuals: residuals, moment: moment, layer: layer)
        }
        if carriesKeys { try batch.carryKeys(edited, in: session) }
        return patch
    }
}
