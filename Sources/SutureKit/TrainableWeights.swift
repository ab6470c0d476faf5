// SPDX-License-Identifier: Apache-2.0

/// Weights that are trained, each as a dense change from the model that training begins with.
///
/// A model with ``patch`` applied computes with the changed weights, and gradients flow from its results into the
/// leaves. The model that the weights were taken from never changes.
///
///     let weights = try TrainableWeights(model.parameterNames(matching: ["mlp"]), of: model)
///     let optimizer = try Optimizer(.adamW(learningRate: 1e-4), leaves: weights.leaves)
///     for batch in batches {
///         try optimizer.zeroGradients()
///         try loss(model.applying(weights.patch), batch).backward()
///         _ = try weights.clipGradients(to: 1)
///         try optimizer.step()
///     }
///     return try weights.result(on: model)
///
/// For the gradient of a projection's weight alone, without a change of the weight's size for each, see
/// ``Model/gradients(of:in:loss:)``.
public struct TrainableWeights: Sendable {
    /// The checkpoint's names of the weights, in the order in which they were given.
    public let names: [String]
    /// The change of each weight, in the order of ``names``: a leaf in the weight's shape, `[out, in]` for projections.
    public let leaves: [Tensor]

    /// Changes of 0 of some weights. Memory: one tensor of each weight's shape, and as much again once gradients arrive.
    ///
    /// - Parameters:
    ///   - names: the checkpoint's names; see ``Model/parameterNames(matching:)``.
    ///   - dtype: the type of the changes, whatever the model's: the model rounds its weights, not the steps.
    /// - Throws: `notFound` for a name that the model does not have.
    public init(_ names: [String], of model: Model, dtype: DType = .float32) throws(SutureError) {
        self.names = names
        var leaves: [Tensor] = []
        for name in names {
            let shape = try model.parameter(name).shape
            leaves.append(try Tensor.zeros(shape, dtype: dtype, device: model.info.device).leaf())
        }
        self.leaves = leaves
    }

    /// The changes so far, sharing memory with the leaves: gradients flow from a model with this patch into them.
    ///
    /// A model keeps the weights that it was made with, so apply the patch again after each step.
    public var patch: Patch { Patch(zip(names, leaves).map { Delta($0, .dense($1)) }) }

    /// The gradient of a value with respect to each weight, in the order of ``names``, in the type of the leaves.
    /// Accumulates nothing in the leaves and uses up the graph.
    ///
    /// - Parameter value: one element, computed by a model with ``patch`` applied.
    /// - Returns: 0 for a weight that the value does not depend on.
    /// - Throws: `invalidArgument` where the value depends on no leaf at all.
    public func gradients(of value: Tensor) throws(SutureError) -> [Tensor] {
        let found = try value.gradients(of: leaves)
        var gradients: [Tensor] = []
        for (leaf, gradient) in zip(leaves, found) {
            if let gradient {
                gradients.append(gradient)
            } else {
                gradients.append(try Tensor.zeros(leaf.shape, dtype: leaf.dtype, device: leaf.device))
            }
        }
        return gradients
    }

    /// The changes as they are now, without those that vanish when the model rounds its weights. Copies.
    ///
    /// - Parameter model: the model that the weights were taken from.
    public func result(on model: Model) throws(SutureError) -> Patch {
        var deltas: [Delta] = []
        for (name, leaf) in zip(names, leaves) {
            let base = try model.parameter(name)
            let change = try leaf.detached().clone()
            let wide = base.dtype.widened
            let moved = try (base.cast(to: wide) + change.cast(to: wide)).cast(to: base.dtype)
            if try base.equal(moved).all().item() == 0 { deltas.append(Delta(name, .dense(change))) }
        }
        return Patch(deltas)
    }

    /// Scales the accumulated gradients so that their norm over all leaves is at most `limit`.
    ///
    /// - Returns: the norm before; 0 where no gradient arrived.
    public func clipGradients(to limit: Double) throws(SutureError) -> Double {
        var gradients: [Tensor] = []
        var norms: [Tensor] = []
        for leaf in leaves {
            guard let gradient = try leaf.gradient() else { continue }
            gradients.append(gradient)
            norms.append(try gradient.norm())
        }
        guard !gradients.isEmpty else { return 0 }
        let norm = try Tensor.stacked(norms).norm().item()
        if norm > limit {
            for gradient in gradients { try gradient.assign(from: gradient * (limit / norm)) }
        }
        return norm
    }
}
