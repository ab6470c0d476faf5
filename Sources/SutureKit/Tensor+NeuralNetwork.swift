// SPDX-License-Identifier: Apache-2.0

import CSuture

/// How a loss over many items becomes one.
public enum Reduction: Int32, Sendable {
    /// One loss for each item.
    case none
    /// The mean over the items that count.
    case mean
    /// The sum over the items that count.
    case sum
}

extension Tensor {
    /// The larger of each element and 0.
    public func relu() throws(SutureError) -> Tensor { try unary(.relu) }
    /// x · Φ(x)
    public func gelu() throws(SutureError) -> Tensor { try unary(.gelu) }
    /// The tanh approximation of GELU ("gelu_new").
    public func geluTanh() throws(SutureError) -> Tensor { try unary(.geluTanh) }
    /// x · sigmoid(x)
    public func silu() throws(SutureError) -> Tensor { try unary(.silu) }
    /// exp(x) / Σ exp(x) along a dimension, by default the last: numbers that sum to 1.
    public func softmax(_ dimension: Int = -1) throws(SutureError) -> Tensor { try along(.softmax, dimension) }
    /// The logarithm of ``softmax(_:)``, without overflow.
    public func logSoftmax(_ dimension: Int = -1) throws(SutureError) -> Tensor {
        try along(.logSoftmax, dimension)
    }

    /// x Wᵀ + b with x `[.., in]`, W `[out, in]`, b `[out]`.
    public func linear(_ weight: Tensor, bias: Tensor? = nil) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.linear(handle, weight.handle, bias?.handle, out) }
    }
    /// Over the last axis.
    public func layerNorm(weight: Tensor?, bias: Tensor?, epsilon: Double) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.layer_norm(handle, weight?.handle, bias?.handle, epsilon, out)
        }
    }
    /// Over the last axis.
    public func rmsNorm(weight: Tensor?, epsilon: Double) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.rms_norm(handle, weight?.handle, epsilon, out) }
    }
    /// Scaled dot-product attention: this is the query `[batch, head, position, dHead]`; key and value may have fewer
    /// heads (grouped queries). `mask` is bool (true attends) or added to the scores.
    public func attention(
        key: Tensor, value: Tensor, mask: Tensor? = nil, isCausal: Bool = false, scale: Double = 0
    ) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.attention(
                handle, key.handle, value.handle, mask?.handle, isCausal ? 1 : 0, scale, out)
        }
    }
    /// Of logits `[n, classes]` with targets int64 `[n]`, natural logarithm. Targets equal to `ignored` do not count.
    public func crossEntropy(
        _ targets: Tensor, reduction: Reduction = .mean, ignoring ignored: Int = -100
    ) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in
            table.pointee.cross_entropy(handle, targets.handle, reduction.rawValue, Int64(ignored), out)
        }
    }
    /// KL(p ‖ q) over the last axis, natural logarithm, where this is log p.
    public func klDivergence(to logQ: Tensor) throws(SutureError) -> Tensor {
        try Tensor.make { table, out in table.pointee.kl_divergence(handle, logQ.handle, out) }
    }
}
