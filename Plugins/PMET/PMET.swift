// SPDX-License-Identifier: Apache-2.0

import SutureKit
import ValueEditing

/// PMET: MEMIT's write with values of the MLP itself (Li et al. 2024).
///
/// Two vectors are optimised together at the last layer, one on what attention adds to the stream and one on what the
/// MLP adds. Only the second is written: attention's takes what does not belong into the MLP, and is dropped. Then,
/// layer by layer,
///
///     Δ = R Kᵀ (λ C + K Kᵀ)⁻¹,   R = (M* − M) / √remaining layers
///
/// with keys K and outputs M of the last layer's MLP both measured again on the model with the layers below already
/// written.
struct PMET: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "pmet", summary: "Writes many facts at once, with values of the MLP freed from attention's share.",
        requires: [.prompt, .subject, .targetNew])

    @Parameter(.editedLayers) var layers: [Int]?

    let values = ValueSettings(steps: 30, clampFactor: 0.75)

    @Parameter(
        "nll_loss_factor", in: .positive,
        help: "Weight of the likelihood; a tenth of it while every token of the new object is the first choice.")
    var likelihoodFactor = 1.0

    @Parameter(.updateWeight) var updateWeight: Double?

    let contexts = ContextTemplateSettings.sentences

    func validate() throws { try contexts.validate() }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard
            let batch = try FactBatch(cases, at: locations, layers: layers, values, contexts, of: "pmet", in: session)
        else { return Patch() }
        try session.progress("statistics")
        let moments = try session.secondMoments(of: .neurons, layers: batch.layers)
        let weight = updateWeight ?? Double(batch.model.info.dMLP)

        let site = Site.mlpOutput(batch.last)
        let optimized = try batch.values(
            of: [site, .attentionOutput(batch.last)], likelihoodFactor: .adaptive(base: likelihoodFactor), in: session)
        return try batch.spread(
            to: optimized, of: site, share: { Double($0).squareRoot() }, in: session
        ) { place, keys, residuals in
            var moment = moments[place]
            moment.matrix = try moment.matrix.cast(device: keys.device) * weight
            return try LeastSquares.write(
                keys: keys, residuals: residuals, moment: moment, layer: batch.layers[place])
        }.patch
    }
}
