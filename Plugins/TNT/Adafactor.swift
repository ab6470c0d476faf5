// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// Adafactor (Shazeer and Stern 2018) as T5 is trained with it: no momentum, a constant rate that is relative to the size of each
/// weight, second moments of a matrix kept as a row and a column.
///
/// For a weight W with gradient G at step t, β₂ = 1 − t^(−0.8):
///
///     V ← β₂ V + (1 − β₂)(G² + ε₁),   U = G / √V,   U ← U / max(1, rms(U)),   W ← W − lr · max(ε₂, rms(W)) · U
///
/// where V of a matrix is its row means times its column means over their mean. Memory: a row and a column for each matrix.
struct Adafactor: Sendable {
    private static let decayExponent = 0.8
    private static let smallestSquare = 1e-30
    private static let smallestScale = 1e-3
    /// Matrices with a side below this keep every second moment, as in T5X.
    private static let smallestFactored = 128

    private enum Moment: Sendable {
        case factored(row: Tensor, column: Tensor)
        case full(Tensor)
    }

    private var moments: [Moment?] = []
    private var stepCount = 0

    /// One step of changes along their gradients.
    ///
    /// - Parameters:
    ///   - gradients: nil for a weight that the loss does not depend on; it stays as it is.
    ///   - weights: what the leaves are changes of; the rate is relative to the sum of both.
    mutating func step(_ leaves: [Tensor], gradients: [Tensor?], of weights: [Tensor], learningRate: Double) throws {
        stepCount += 1
        let decay = 1 - exponential(-Adafactor.decayExponent * logarithm(Double(stepCount)))
        if moments.isEmpty { moments = leaves.map { _ in nil } }
        for (place, gradient) in gradients.enumerated() {
            guard let gradient = try gradient?.cast(to: .float32) else { continue }
            let change = try leaves[place].detached()
            let square = try gradient.square() + Adafactor.smallestSquare
            let (moment, root) = try Adafactor.moment(moments[place], square, decay: decay)
            moments[place] = moment
            var update = try gradient / root
            update = try update / max(1, Adafactor.size(update))
            let size = try Adafactor.size(weights[place].cast(to: .float32) + change)
            try leaves[place].assign(from: change - update * (learningRate * max(Adafactor.smallestScale, size)))
        }
    }

    /// The moment with one more square, and the root of what it says of each entry.
    private static func moment(
        _ known: Moment?, _ square: Tensor, decay: Double
    ) throws -> (moment: Moment, root: Tensor) {
        func mixed(_ old: Tensor?, _ new: Tensor) throws -> Tensor {
            try (old.map { try $0 * decay } ?? new * 0) + new * (1 - decay)
        }
        let isFactored = square.shape.count == 2 && square.shape.allSatisfy { $0 >= smallestFactored }
        guard isFactored else {
            var old: Tensor?
            if case .full(let value)? = known { old = value }
            let value = try mixed(old, square)
            return (.full(value), try value.sqrt())
        }
        var old: (row: Tensor, column: Tensor)?
        if case .factored(let row, let column)? = known { old = (row, column) }
        let row = try mixed(old?.row, square.mean(1))
        let column = try mixed(old?.column, square.mean(0))
        let root = try (row / row.mean()).sqrt().unsqueezed(1) * column.sqrt().unsqueezed(0)
        return (.factored(row: row, column: column), root)
    }

    /// The root of the mean square.
    private static func size(_ tensor: Tensor) throws -> Double { try tensor.square().mean().item().squareRoot() }
}

/// What changes the weights of a training from their gradients.
enum TrainingOptimizer {
    case adamW(Optimizer)
    case adafactor(Adafactor)

    init(_ settings: TrainingSettings, _ trained: TrainableWeights) throws {
        switch settings.optimizer {
        case .adamW:
            self = .adamW(
                try Optimizer(
                    .adamW(
                        learningRate: settings.learningRate, beta1: settings.betas[0], beta2: settings.betas[1],
                        weightDecay: settings.weightDecay),
                    leaves: trained.leaves))
        case .adafactor: self = .adafactor(Adafactor())
        }
    }

    /// One step from the gradients that are in the leaves, and forgets them.
    mutating func step(_ trained: TrainableWeights, of model: Model, learningRate: Double) throws {
        switch self {
        case .adamW(let optimizer):
            try optimizer.setLearningRate(learningRate)
            try optimizer.step()
            try optimizer.zeroGradients()
        case .adafactor(var adafactor):
            let gradients = try trained.leaves.map { try $0.gradient() }
            try adafactor.step(
                trained.leaves, gradients: gradients, of: trained.names.map { try model.parameter($0) },
                learningRate: learningRate)
            self = .adafactor(adafactor)
            for gradient in gradients { if let gradient { try gradient.assign(from: gradient * 0) } }
        }
    }
}
