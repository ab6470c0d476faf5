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
    /// `[1 or batch, 1, position, rotary / 2]` each; nil without rotary positions.
    private let cosine: Tensor?
    private let sine: Tensor?
    /// bool `[batch or 1, 1, position, past + position]`; nil where causality is all.
    private let mask: Tensor?

    /// - Parameter frequencies: ``frequencies(of:)``, made once for all passes.
    init(
        _ configuration: ModelConfiguration, frequencies: Tensor?, batch: Int, width: Int, past: KeyValues?,
        dtype: DType, device: Device
    ) throws(SutureError) {
        self.configuration = configuration
        self.batch = batch
        self.width = width
        self.past = past
        var positions = try Tensor.range(0..<width).unsqueezed(0)
        if let past { positions = try positions + past.lengths.tensor.unsqueezed(1) }
        positionIDs = try positions.cast(device: device)
        if let frequencies {
            let angles = try positions.cast(to: .float32).unsqueezed(-1) * frequencies
            cosine = try angles.cos().cast(to: dtype, device: device).unsqueezed(1)
            sine = try angles.sin().cast(to: dtype, device: device).unsqueezed(1)
        } else {
            (cosine, sine) = (nil, nil)
        }
        mask = try AttentionContext.mask(batch: batch, width: width, past: past)?.cast(device: device)
    }

    /// The angle per position of each pair, `[rotary / 2]`; nil without rotary positions. Float32, as transformers
    /// computes angles.
    static func frequencies(of configuration: ModelConfiguration) throws(SutureError) -> Tensor? {
        guard let rotary = configuration.rotary else { return nil }
        return try Tensor(rotary.frequencies.map { Float($0) })
    }

    /// Rows are padded on the right, so causality is enough to hide padding from real tokens. A past needs a mask.
    private static func mask(batch: Int, width: Int, past: KeyValues?) throws(SutureError) -> Tensor? {
        guard let past, past.width > 0 else { return nil }
        if width == 1 && past.mask == nil { return nil }
        let causal = try Tensor.ones([width, width], dtype: .bool).triangle().unsqueezed(0)
            .expanded(batch, width, width)
        let before = try past.fullMask(batch).unsqueezed(1).expanded(batch, width, past.width)
        return try Tensor.concatenated([before, causal], 2).unsqueezed(1)
    }

    /// The heads' outputs `[batch, position, head · dHead]`, and all keys and values, past included.
    func attend(
        _ projections: [Linear], _ x: Tensor, _ before: (key: Tensor, value: Tensor)?, layer: Int,
        _ taps: inout SiteTaps
    ) throws(SutureError) -> (Tensor, (key: Tensor, value: Tensor)) {
        let c = configuration
        let (queries, keys, values) = try split(projections, x)
        func heads(_ tensor: Tensor, _ count: Int) throws(SutureError) -> Tensor {
            try tensor.reshaped(batch, width, count, c.dHead).transposed(1, 2)
        }
        var query = try rotated(heads(taps.visit(.query(layer), queries), c.headCount))
        if let scale = c.attentionScales?[layer] { query = try query * scale }
        var key = try rotated(heads(taps.visit(.key(layer), keys), c.keyValueHeadCount))
        var value = try heads(taps.visit(.value(layer), values), c.keyValueHeadCount)
        if let before {
            key = try Tensor.concatenated([before.key, key], 2)
            value = try Tensor.concatenated([before.value, value], 2)
        }
        let output: Tensor
        if taps.touches(.attentionPattern(layer)) {
            output = try spelledOut(query, key, value, layer: layer, &taps)
        } else {
            let hasPast = (past?.width ?? 0) > 0
            output = try query.attention(key: key, value: value, mask: mask, isCausal: !hasPast && width > 1)
        }
        return (try output.transposed(1, 2).reshaped(batch, width, c.headCount * c.dHead), (key, value))
    }

    /// Attention with its weights as a tensor, for passes that look at them or change them. Softmax in float32, as
    /// transformers' eager attention. Costs the memory of all weights of the layer.
    private func spelledOut(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, layer: Int, _ taps: inout SiteTaps
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
        let weights = try scores.cast(to: .float32).softmax().cast(to: query.dtype)
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
        if case .fusedByHead = c.architecture.names.queryKeyValue {
            let parts = try fused.reshaped(batch, width, c.headCount, 3, c.dHead)
            func part(_ index: Int) throws(SutureError) -> Tensor {
                try parts.select(3, index).reshaped(batch, width, queries)
            }
            return (try part(0), try part(1), try part(2))
        }
        return (
            try fused.sliced(2, 0..<queries), try fused.sliced(2, queries..<queries + keys),
            try fused.sliced(2, queries + keys..<queries + 2 * keys)
        )
    }

    private func rotated(_ x: Tensor) throws(SutureError) -> Tensor {
        guard let rotary = configuration.rotary, let cosine, let sine else { return x }
        let turning = rotary.width < configuration.dHead ? try x.sliced(3, 0..<rotary.width) : x
        let half = rotary.width / 2
        let first: Tensor
        let second: Tensor
        switch rotary.pairs {
        case .halves: (first, second) = (try turning.sliced(3, 0..<half), try turning.sliced(3, half..<rotary.width))
        case .neighbors:
            first = try turning.sliced(3, 0..<rotary.width, step: 2)
            second = try turning.sliced(3, 1..<rotary.width, step: 2)
        }
        let a = try first * cosine - second * sine
        let b = try second * cosine + first * sine
        let turned =
            switch rotary.pairs {
            case .halves: try Tensor.concatenated([a, b], 3)
            case .neighbors: try Tensor.stacked([a, b], -1).reshaped(turning.shape)
            }
        guard rotary.width < configuration.dHead else { return turned }
        return try Tensor.concatenated([turned, x.sliced(3, rotary.width..<configuration.dHead)], 3)
    }

    /// The cache after this pass.
    func cache(
        _ layers: [Int: (key: Tensor, value: Tensor)], lengths: IntegerVector
    ) throws(SutureError) -> KeyValues {
        let new = try KeyValues.prefixMask(lengths, width: width)
        guard let past, past.width > 0 else {
            return KeyValues(layers: layers, mask: new, lengths: lengths, width: width, isPrefix: true)
        }
        let total = past.width + width
        let sum = IntegerVector(zip(past.lengths, lengths).map(+))
        if past.mask == nil && new == nil {
            return KeyValues(layers: layers, mask: nil, lengths: sum, width: total, isPrefix: past.isPrefix)
        }
        let after: Tensor
        if let new { after = new } else { after = try Tensor.ones([batch, width], dtype: .bool) }
        return KeyValues(
            layers: layers, mask: try Tensor.concatenated([past.fullMask(batch), after], 1), lengths: sum, width: total,
            isPrefix: past.isPrefix && past.mask == nil)
    }
}
