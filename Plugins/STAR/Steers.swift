// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// S: the scaled steers of some reads, and the steps that they lead to.
struct Steers {
    /// The reads whose steer is not 0.
    private let wrong: [Int]
    /// Whether every prediction's neurons are those that the prediction is made from.
    private let readsWherePredicted: Bool
    /// Their steers, `[wrong read, dModel]`, float32.
    let values: Tensor

    init(_ reads: [RepairRead], _ steer: SemanticSteer, _ basis: SemanticBasis) throws {
        wrong = reads.indices.filter { !reads[$0].isRight }
        readsWherePredicted = reads.allSatisfy { $0.key == $0.position }
        let directions = try steer.directions(wrong.map { (reads[$0].target, reads[$0].choice) }, basis)
        values = try Tensor(
            directions.flatMap { SemanticSteer.scaledByQuartiles($0).map { Float($0) } },
            shape: [wrong.count, basis.factor.shape[0]], device: basis.atoms.device)
    }

    /// The prior Dᵀ of a layer, `[dModel, unit]`: the smallest change by which Z D = S, for all reads.
    ///
    /// - Parameter neurons: Z, `[read, unit]`.
    func prior(_ neurons: Tensor) throws -> Tensor {
        try values.transposed().matmul(MinimumNorm.factor(neurons).indexSelect(0, wrong))
    }

    /// −η |D| ⊙ sign(G): the size from the prior, the sign from the gradient, nothing where the gradient is 0.
    ///
    /// - Parameter isLast: the layer is the model's last. There one read alone has a gradient, so that G and with it
    ///   the step have rank one.
    func step(
        at layer: Int, _ units: [Int]?, _ seen: Observation, rate: Double, isLast: Bool
    ) throws -> LayerStep {
        let neurons = try seen.neurons(at: layer, units: units)
        guard isLast, neurons.shape[0] == 1, units == nil, readsWherePredicted else {
            let sign = try seen.weightGradient(at: layer, units: units).sign()
            return LayerStep(try prior(neurons).abs() * sign * -rate, units: units)
        }
        let left = try values.abs() * seen.outputGradient(at: layer).sign() * -rate
        return .factors(left: try left.transposed(), right: try MinimumNorm.factor(neurons))
    }
}
