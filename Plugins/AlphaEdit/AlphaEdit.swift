// SPDX-License-Identifier: Apache-2.0

import SutureKit
import ValueEditing

/// AlphaEdit: MEMIT's values, written only where the keys of ordinary text have no energy (Fang et al. 2025).
///
/// With P the projector on the small eigenvalues of the second moment C, layer by layer,
///
///     Δ = R Kᵀ P ((K Kᵀ + Kp Kpᵀ) P + L2 I)⁻¹
///
/// with keys K and residual R = (Z − H) / remaining layers both measured again on the model with the layers below
/// already written, and Kp the keys of earlier groups of cases.
struct AlphaEdit: Patcher {
    static let descriptor = ComponentDescriptor(
        id: "alphaedit", summary: "Writes many facts at once into the null space of what the MLPs are used for.",
        requires: [.prompt, .subject, .targetNew])

    @Parameter(.editedLayers) var layers: [Int]?

    let values = ValueSettings(steps: 25, clampFactor: 0.75)

    @Parameter(
        "nullspace_threshold", in: .positive,
        help: "Directions whose mean squared activation is below this may change. An absolute number: check the rank.")
    var threshold = 0.02

    @Parameter(
        "nullspace_trace_share", in: .closed(0...1),
        help: "In place of the threshold: the directions of least activation that hold this share of all of it.")
    var traceShare: Double?

    @Parameter(
        "L2", in: .positive, help: "Weight of the size of the change. An absolute number: compare it with |P k|^2.")
    var ridge = 10.0

    let contexts = ContextTemplateSettings.sentences

    func validate() throws { try contexts.validate() }

    func patch(_ cases: [EditCase], at locations: [Location], in session: Session) throws -> Patch {
        guard
            let batch = try FactBatch(
                cases, at: locations, layers: layers, values, contexts, of: "alphaedit", in: session)
        else { return Patch() }
        let spaces = try nullSpaces(batch.layers, batch.model.info.device, in: session)

        let site = Site.residualOut(batch.last)
        let optimized = try batch.values(of: [site], in: session)
        let (patch, edited) = try batch.spread(to: optimized, of: site, share: Double.init, in: session) {
            place, keys, residuals in
            let earlier = try PreviousKeys.read(at: batch.layers[place], batch.model, in: session)
            return try AlphaEdit.write(
                keys: keys, previous: earlier, residuals: residuals, in: spaces[place], ridge: ridge)
        }
        try batch.carryKeys(edited, in: session)
        return patch
    }

    /// By layer. Settings and statistics are those of the run, so that every call of this instance finds the same.
    private final class NullSpaces { var found: [Int: NullSpace] = [:] }
    private let known = NullSpaces()

    /// Decomposes the second moments of layers that were not seen before.
    private func nullSpaces(_ layers: [Int], _ device: Device, in session: Session) throws -> [NullSpace] {
        let missing = layers.filter { known.found[$0] == nil }
        if !missing.isEmpty {
            try session.progress("statistics")
            let moments = try session.secondMoments(of: .neurons, layers: missing)
            try session.progress("null space")
            let rule = traceShare.map(NullSpace.Rule.shareOfTrace) ?? .below(threshold)
            for (layer, moment) in zip(missing, moments) {
                let space = try NullSpace(of: moment.matrix.cast(device: device), rule, name: "\(Site.neurons(layer))")
                known.found[layer] = space
                let width = moment.matrix.shape[0]
                session.log(.info, "alphaedit: layer \(layer) may change in \(space.keptCount) of \(width) directions")
            }
        }
        return layers.compactMap { known.found[$0] }
    }

    /// The write of one layer.
    ///
    /// With B = P [K Kp] the solution of the published system, which is not symmetric, is Δ = R Sᵀ (Bᵀ B + L2 I)⁻¹ Bᵀ
    /// where S picks the columns of K: symmetric, positive definite, and as small as the number of keys.
    ///
    /// - Parameter keys: Kᵀ `[fact, dMLP]`, float64. `previous`: Kpᵀ `[n, dMLP]`.
    /// - Parameter residuals: Rᵀ `[fact, dModel]`, float64.
    static func write(
        keys: Tensor, previous: Tensor?, residuals: Tensor, in space: NullSpace, ridge: Double
    ) throws -> Delta.Form {
        let facts = keys.shape[0]
        let projected = try space.project(previous.map { try Tensor.concatenated([keys, $0]) } ?? keys)
        let count = projected.shape[0]
        let system =
            try projected.matmul(projected.transposed())
            + ridge * Tensor.identity(count, dtype: .float64, device: keys.device)
        let columns = try Tensor.identity(count, dtype: .float64, device: keys.device).sliced(1, 0..<facts)
        let coefficients = try system.cholesky().choleskySolve(columns)
        return try LeastSquares.compact(residuals.transposed(), coefficients.transposed().matmul(projected))
    }
}
