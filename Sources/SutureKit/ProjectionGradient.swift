// SPDX-License-Identifier: Apache-2.0

/// What entered a projection in one pass, and the gradient of a loss at its output.
///
/// With x the input and g the gradient of a token, Σ g xᵀ over the tokens is the gradient of the weight. One token's part
/// of it has rank one and is never written out.
public struct ProjectionGradient: Sendable {
    /// The projection.
    public let projection: Projection
    /// x, `[batch, position, in]`, outside the graph; padding included.
    public let input: Tensor
    /// g, `[batch, position, out]`; 0 at padding where the loss reads no padding.
    public let gradient: Tensor
    /// The real tokens, row by row: the `n` of ``inputs()`` and ``gradients()``.
    public let tokens: TokenPositions

    /// x of the real tokens, `[n, in]`.
    public func inputs() throws(SutureError) -> Tensor { try input.pick(tokens) }

    /// g of the real tokens, `[n, out]`.
    public func gradients() throws(SutureError) -> Tensor { try gradient.pick(tokens) }

    /// The gradient of the projection's weight, Σ g xᵀ over the tokens: `[out, in]`, in the type of the values. Where the
    /// parameter holds other projections too, it belongs to the rows ``Projection/rows``.
    ///
    /// - Parameter units: only these components of the input; nil: all of them.
    public func weightGradient(units: [Int]? = nil) throws(SutureError) -> Tensor {
        let x = try units.map { u throws(SutureError) in try input.indexSelect(2, u) } ?? input
        let g = try gradient.reshaped(-1, gradient.shape[2])
        return try g.transposed().matmul(x.reshaped(-1, x.shape[2]))
    }

    /// The same in another type, float32 for sums over many tokens of a half-precision model.
    public func cast(to dtype: DType) throws(SutureError) -> ProjectionGradient {
        ProjectionGradient(
            projection: projection, input: try input.cast(to: dtype), gradient: try gradient.cast(to: dtype),
            tokens: tokens)
    }
}

extension Model {
    /// Runs a pass forward and backward, and returns what entered some projections and the gradient of a loss at their
    /// outputs, for each token.
    ///
    /// Needs no gradient of a weight and keeps no tensor of a weight's size. The graph begins at the lowest chosen layer.
    ///
    ///     let found = try model.gradients(of: model.projections, in: Forward(batch, logits: .last)) {
    ///         try $0.requireLogits().crossEntropy(targets, reduction: .sum)
    ///     }
    ///
    /// Cost: one forward pass, and one backward pass from the loss to the lowest chosen layer. Memory: the input and the
    /// output of each chosen projection besides the graph.
    ///
    /// - Parameters:
    ///   - projections: some of ``projections``, in layers that the pass runs.
    ///   - pass: its captures are those of the caller; the values of the projections are captured besides.
    ///   - loss: makes the loss, one element, from what the pass gave. It should read real tokens only.
    /// - Returns: one for each projection, in their order, float32 or wider. Where the loss does not depend on an
    ///   output, its gradient is 0.
    /// - Throws: what ``forward(_:)`` throws; `invalidArgument` without projections, and for a loss that depends on none
    ///   of them; what `loss` throws.
    public func gradients(
        of projections: [Projection], in pass: Forward, loss: (ForwardOutput) throws -> Tensor
    ) throws -> [ProjectionGradient] {
        guard let lowest = projections.map(\.layer).min() else {
            throw SutureError(
                .invalidArgument, "no projection was given to take gradients of",
                hint: "choose some of the model's projections")
        }
        var pass = pass
        let lengths: IntegerVector
        switch pass.input {
        case .tokens(let batch): lengths = batch.lengths
        case .residual(_, let real): lengths = real
        }
        try pass.recordGradients(from: lowest)
        let own = pass.captures.count
        pass.captures += projections.map { Capture($0.input) } + projections.map { Capture($0.output) }
        return try withGradients {
            var output = try forward(pass)
            let values = Array(output.captures[own...])
            output.captures.removeSubrange(own...)
            let outputs = Array(values[projections.count...])
            let gradients = try loss(output).gradients(of: outputs)
            let tokens = TokenPositions(allOf: lengths)
            return try projections.indices.map { i in
                ProjectionGradient(
                    projection: projections[i], input: try values[i].detached(),
                    gradient: try gradients[i]
                        ?? Tensor.zeros(outputs[i].shape, dtype: outputs[i].dtype, device: outputs[i].device),
                    tokens: tokens)
            }
        }
    }
}

extension Forward {
    /// Lets the graph begin with the residual stream before a block. Values stay as they are.
    fileprivate mutating func recordGradients(from layer: Int) throws(SutureError) {
        if case .residual(let stream, let lengths) = input, layer == layers?.lowerBound {
            if !stream.requiresGradient { input = .residual(try stream.leaf(), lengths: lengths) }
            return
        }
        interventions.append(
            Intervention(.residualIn(layer), .closure { $0.requiresGradient ? $0 : try $0.leaf() }))
    }
}
