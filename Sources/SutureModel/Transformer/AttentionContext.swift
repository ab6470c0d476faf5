// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// What all layers of one pass share: positions, rotary angles, and which token may see which.
struct AttentionContext {
    private let configuration: ModelConfiguration
    private let batch: Int
    private let width: Int
    private let past: KeyValues?
    /// int64 `[1 or batch, position]`
    let positionIDs: Tensor
    /// For each way to turn queries and keys.
    private let angles: [RotaryAngles]
    private let visible: VisibleTokens

    /// - Parameters:
    ///   - frequencies: one for each of the configuration's rotaries, made once for all passes.
    ///   - lengths: the real lengths of the rows, without the past.
    init(
        _ configuration: ModelConfiguration, frequencies: [RotaryFrequencies], lengths: IntegerVector, width: Int,
        past: KeyValues?, dtype: DType, device: Device
    ) throws(SutureError) {
        self.configuration = configuration
        batch = lengths.count
        self.width = width
        self.past = past
        var positions = try Tensor.range(0..<width).unsqueezed(0)
        if let past { positions = try positions + past.lengths.tensor.unsqueezed(1) }
        positionIDs = try positions.cast(device: device)
        var angles: [RotaryAngles] = []
        for frequencies in frequencies {
            angles.append(
                try RotaryAngles(
                    frequencies, positions: positions, lengths: lengths, past: past, dtype: dtype, device: device))
        }
        self.angles = angles
        visible = try VisibleTokens(
            windows: Set(configuration.layers.compactMap(\.window)), batch: batch, width: width, positions: positions,
            past: past, device: device)
    }

    /// The heads' outputs `[batch, position, head · dHead]`, and all keys and values, past included.
    func attend(
        _ block: BlockWeights, _ x: Tensor, _ before: (key: Tensor, value: Tensor)?, layer: Int, _ taps: inout SiteTaps
    ) throws(SutureError) -> (Tensor, (key: Tensor, value: Tensor)) {
        let c = configuration
        let (queries, keys, values) = try split(block.queryKeyValue, x)
        let turning = c.layers[layer].rotary.map { angles[$0] }
        func turned(_ x: Tensor) throws(SutureError) -> Tensor {
            try turning.map { t throws(SutureError) in try t.turned(x) } ?? x
        }
        var query = try turned(normed(taps.visit(.query(layer), queries), block.queryNorm, c.headCount))
        if let scale = c.attentionScales?[layer] { query = try query * scale }
        var key = try turned(normed(taps.visit(.key(layer), keys), block.keyNorm, c.keyValueHeadCount))
        var value = try heads(taps.visit(.value(layer), values), c.keyValueHeadCount)
        if let before {
            key = try Tensor.concatenated([before.key, key], 2)
            value = try Tensor.concatenated([before.value, value], 2)
        }
        let mask = visible.mask(window: c.layers[layer].window)
        let output: Tensor
        if taps.touches(.attentionPattern(layer)) || c.scales.scoreCap != nil || block.attentionSinks != nil {
            output = try spelledOut(query, key, value, mask, sinks: block.attentionSinks, layer: layer, &taps)
        } else {
            let hasPast = (past?.width ?? 0) > 0
            let isCausal = mask == nil && !hasPast && width > 1
            output = try query.attention(key: key, value: value, mask: mask, isCausal: isCausal)
        }
        return (try output.transposed(1, 2).reshaped(batch, width, c.headCount * c.dHead), (key, value))
    }

    /// `[batch, head, position, dHead]`.
    private func heads(_ tensor: Tensor, _ count: Int) throws(SutureError) -> Tensor {
        try tensor.reshaped(batch, width, count, configuration.dHead).transposed(1, 2)
    }

    /// Queries or keys `[batch, position, head · dHead]` as heads, normalised where the family does so.
    private func normed(_ x: Tensor, _ norm: NormWeights?, _ count: Int) throws(SutureError) -> Tensor {
        guard let norm else { return try heads(x, count) }
        let c = configuration
        func normed(_ x: Tensor) throws(SutureError) -> Tensor {
            try norm(x, c.architecture.norm, epsilon: c.epsilon)
        }
        if case .allHeads = c.architecture.names.queryKeyNorms?.span { return try heads(normed(x), count) }
        return try normed(heads(x, count))
    }

    /// Attention with its weights as a tensor, for passes that look at them or change them, and for models that cap its
    /// scores or have sinks. Softmax in float32, as transformers' eager attention. Costs the memory of all weights of the layer.
    private func spelledOut(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, _ mask: Tensor?, sinks: Tensor?, layer: Int,
        _ taps: inout SiteTaps
    ) throws(SutureError) -> Tensor {
        let c = configuration
        // Keys and values once for each head of queries.
        func repeated(_ tensor: Tensor) throws(SutureError) -> Tensor {
            let group = c.headCount / c.keyValueHeadCount
            guard group > 1 else { return tensor }
            let length = tensor.shape[2]
            return try tensor.unsqueezed(2).expanded(batch, c.keyValueHeadCount, group, length, c.dHead)
                .reshaped(batch, c.headCount, length, c.dHead)
        }
        var scores = try query.matmul(repeated(key).transposed(2, 3)) / Double(c.dHead).squareRoot()
        if let cap = c.scales.scoreCap { scores = try (scores / cap).tanh() * cap }
        let visible: Tensor?
        if let mask {
            visible = mask
        } else if width > 1 {
            visible = try Tensor.ones([width, width], dtype: .bool, device: query.device).triangle()
        } else {
            visible = nil
        }
        if let visible {
            let hidden = try Tensor.full([], -.infinity, dtype: scores.dtype, device: scores.device)
            scores = try visible.choose(scores, hidden)
        }
        var weights = try scores.cast(to: .float32)
        if let sinks {
            let column = try sinks.cast(to: .float32).reshaped(1, c.headCount, 1, 1).expanded(
                batch, c.headCount, width, 1)
            weights = try Tensor.concatenated([weights, column], 3).softmax().sliced(3, 0..<scores.shape[3])
        } else {
            weights = try weights.softmax()
        }
        weights = try weights.cast(to: query.dtype)
        // The site counts positions before heads.
        let pattern = try taps.visit(.attentionPattern(layer), weights.transposed(1, 2)).transposed(1, 2)
        return try pattern.matmul(repeated(value))
    }

    /// Queries, keys and values `[batch, position, heads · dHead]`, each with its own number of heads.
    private func split(_ projections: [Linear], _ x: Tensor) throws(SutureError) -> (Tensor, Tensor, Tensor) {
        let c = configuration
        if projections.count == 3 { return (try projections[0](x), try projections[1](x), try projections[2](x)) }
        let fused = try projections[0](x)
        let queries = c.headCount * c.dHead
        let keys = c.keyValueHeadCount * c.dHead
        if case .fusedByGroup = c.architecture.names.queryKeyValue {
            let group = c.headCount / c.keyValueHeadCount
            let parts = try fused.reshaped(batch, width, c.keyValueHeadCount, group + 2, c.dHead)
            return (
                try parts.sliced(3, 0..<group).reshaped(batch, width, queries),
                try parts.select(3, group).reshaped(batch, width, keys),
                try parts.select(3, group + 1).reshaped(batch, width, keys)
            )
        }
        return (
            try fused.sliced(2, 0..<queries), try fused.sliced(2, queries..<queries + keys),
            try fused.sliced(2, queries + keys..<queries + 2 * keys)
        )
    }

    /// The cache after this pass.
    func cache(
        _ layers: [Int: (key: Tensor, value: Tensor)], lengths: IntegerVector
    ) throws(SutureError) -> KeyValues {
        let new = try KeyValues.prefixMask(lengths, width: width)
        guard let past, past.width > 0 else {
            return KeyValues(
                layers: layers, mask: new, lengths: lengths, turnedFor: lengths, width: width, isPrefix: true)
        }
        let total = past.width + width
        let sum = IntegerVector(zip(past.lengths, lengths).map(+))
        if past.mask == nil && new == nil {
            return KeyValues(
                layers: layers, mask: nil, lengths: sum, turnedFor: sum, width: total, isPrefix: past.isPrefix)
        }
        let after: Tensor
        if let new { after = new } else { after = try Tensor.ones([batch, width], dtype: .bool) }
        return KeyValues(
            layers: layers, mask: try Tensor.concatenated([past.fullMask(batch), after], 1), lengths: sum,
            turnedFor: sum,
            width: total, isPrefix: past.isPrefix && past.mask == nil)
    }
}
