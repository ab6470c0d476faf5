// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The weights of one decoder block.
struct BlockWeights: Sendable {
    var attentionNorm: NormWeights?
    var normAfterAttention: NormWeights?
    var mlpNorm: NormWeights?
    var normAfterMLP: NormWeights?
    /// One projection for all three, or three.
    var queryKeyValue: [Linear]
    var queryNorm: NormWeights?
    var keyNorm: NormWeights?
    var attentionOutput: Linear
    var attentionSinks: Tensor?
    var mlp: MLP

    enum MLP: Sendable {
        /// One projection into the neurons, or gate and value; and the one out of them.
        case dense([Linear], Linear)
        case experts(ExpertWeights)
    }

    /// Looks up the weights of a layer.
    ///
    /// - Parameter names: of the stack that the layer belongs to; nil: those of the decoder.
    /// - Throws: what ``ModelWeights`` throws when it lacks a tensor that the configuration asks for.
    init(
        _ layer: Int, _ c: ModelConfiguration, _ weights: ModelWeights, names: ArchitectureDescription.Names? = nil
    ) throws(SutureError) {
        let names = names ?? c.architecture.names
        func at(_ template: String) -> String { Template.fill(template, with: String(layer)) }
        func norm(_ template: String?) throws(SutureError) -> NormWeights? {
            try template.map { name throws(SutureError) in try weights.norm(at(name), c.architecture.norm) }
        }
        func linears(_ templates: [String], bias: Bool) throws(SutureError) -> [Linear] {
            var all: [Linear] = []
            for template in templates { all.append(try weights.linear(at(template), hasBias: bias)) }
            return all
        }
        attentionNorm = try norm(names.attentionNorm)
        normAfterAttention = try norm(names.normAfterAttention)
        mlpNorm = try norm(names.mlpNorm)
        normAfterMLP = try norm(names.normAfterMLP)
        queryKeyValue = try linears(names.queryKeyValue.all, bias: c.hasQueryKeyValueBias)
        attentionOutput = try weights.linear(at(names.attentionOutput), hasBias: c.hasAttentionOutputBias)
        attentionSinks = try names.attentionSinks.map { s throws(SutureError) in
            try weights.tensor(weights.prefix + at(s))
        }
        if let experts = c.experts, experts.layers.contains(layer) {
            mlp = .experts(try ExpertWeights(experts, c.activation, weights, at: at))
        } else {
            mlp = .dense(
                try linears(names.neuronInput.all, bias: c.hasMLPBias),
                try weights.linear(at(names.down), hasBias: c.hasMLPBias))
        }
        if c.hasQueryKeyNorms, let norms = names.queryKeyNorms {
            queryNorm = try weights.headNorm(at(norms.query), norms.span, heads: c.headCount)
            keyNorm = try weights.headNorm(at(norms.key), norms.span, heads: c.keyValueHeadCount)
        }
    }
}

extension ModelWeights {
    func norm(_ base: String, _ kind: ArchitectureDescription.Norm) throws(SutureError) -> NormWeights {
        let hasBias = if case .layerNorm = kind { true } else { false }
        return NormWeights(
            weight: try tensor(prefix + base + ".weight"), bias: hasBias ? try tensor(prefix + base + ".bias") : nil)
    }

    /// The norm of queries or keys. Where each head has weights of its own, they are `[head, 1, dHead]`.
    fileprivate func headNorm(
        _ base: String, _ span: ArchitectureDescription.QueryKeyNorms.Span, heads: Int
    ) throws(SutureError) -> NormWeights {
        guard case .ownHead = span else { return NormWeights(weight: try tensor(prefix + base + ".weight"), bias: nil) }
        var all: [Tensor] = []
        for head in 0..<heads { all.append(try tensor(prefix + base + ".\(head).weight")) }
        return NormWeights(weight: try Tensor.stacked(all).unsqueezed(1), bias: nil)
    }
}

extension NormWeights {
    /// The norm of x over its last axis. Weights with more axes are multiplied after it.
    func callAsFunction(
        _ x: Tensor, _ kind: ArchitectureDescription.Norm, epsilon: Double
    ) throws(SutureError) -> Tensor {
        let isOfHeads = weight.shape.count > 1
        switch kind {
        case .layerNorm:
            let normed = try x.layerNorm(weight: isOfHeads ? nil : weight, bias: bias, epsilon: epsilon)
            return isOfHeads ? try normed * weight : normed
        case .rmsNorm:
            let normed = try x.rmsNorm(weight: isOfHeads ? nil : weight, epsilon: epsilon)
            return isOfHeads ? try normed * weight : normed
        case .rmsNormAroundOne:
            let wide = x.dtype.widened
            return try (x.cast(to: wide).rmsNorm(weight: nil, epsilon: epsilon) * (weight.cast(to: wide) + 1))
                .cast(to: x.dtype)
        }
    }
}
