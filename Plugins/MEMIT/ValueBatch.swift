// SPDX-License-Identifier: Apache-2.0

import SutureKit

/// The rows of some cases behind the edited layer: what every step of the optimisation starts from.
///
/// Nothing below the edited layer and nothing before the lookup token depends on delta. One pass gives the stream
/// behind the layer from the lookup token on, and keys and values of what precedes; a step runs the rest alone.
struct ValueBatch {
    /// The layer behind which delta is added, and the one behind which the likelihood is read.
    let layer: Int
    let lossLayer: Int
    var rows: [ValueRow]
    /// The case of each row.
    var owners: [Int]
    /// `[row, position, dModel]` float32, position 0 being the lookup token.
    var stream: Tensor
    /// Tokens from the lookup on, per row.
    var lengths: [Int]
    /// Nil where no block follows.
    var past: KeyValueCache?
    /// log p at the divergence rows while delta is 0, `[divergence row, vocabulary]`; nil until the first loss is
    /// taken.
    var reference: Tensor?

    /// - Parameter value: the site whose value is optimised; its layer is the edited one.
    /// - Returns: the batch, and the value at the lookup token of each case's first row, `[case, dModel]` float32.
    static func run(
        _ cases: [[ValueRow]], value: Site, layer: Int, lossLayer: Int, _ model: Model
    ) throws -> (batch: ValueBatch, initial: Tensor) {
        let rows = cases.flatMap { $0 }
        let owners = cases.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element.count) }
        let lengths = rows.map { $0.tokens.count - $0.lookup }
        let width = lengths.max() ?? 0
        // Padding repeats a row's last token.
        let tail = rows.enumerated().flatMap { i, row in
            (0..<width).map { TokenIndex(row: i, position: min(row.lookup + $0, row.tokens.count - 1)) }
        }
        var firstRows: [TokenIndex] = []
        for (i, row) in rows.enumerated() where owners[i] == firstRows.count {
            firstRows.append(TokenIndex(row: i, position: row.lookup))
        }
        var pass = Forward(.tokens(try TokenBatch(rows.map(\.tokens))), logits: .none)
        pass.keepsCache = layer + 1 < model.info.layerCount
        pass.captures = [Capture(.residualOut(layer), at: tail), Capture(value, at: firstRows)]
        let output = try model.forward(pass)
        let batch = ValueBatch(
            layer: layer, lossLayer: lossLayer, rows: rows, owners: owners,
            stream: try output.captures[0].cast(to: .float32).reshaped(rows.count, width, -1), lengths: lengths,
            past: try output.cache?.selecting(lengths: rows.map(\.lookup)))
        return (batch, try output.captures[1].cast(to: .float32))
    }

    /// The rows of some of the cases alone.
    func restricted(to cases: Set<Int>) throws -> ValueBatch {
        let kept = rows.indices.filter { cases.contains(owners[$0]) }
        let divergence = rows.indices.filter { rows[$0].isDivergence }
        let keptDivergence = divergence.indices.filter { cases.contains(owners[divergence[$0]]) }
        var batch = self
        batch.rows = kept.map { rows[$0] }
        batch.owners = kept.map { owners[$0] }
        batch.stream = try stream.indexSelect(0, kept)
        batch.lengths = kept.map { lengths[$0] }
        batch.past = try past?.selecting(rows: kept)
        batch.reference = keptDivergence.isEmpty ? nil : try reference?.indexSelect(0, keptDivergence)
        return batch
    }

    /// The loss of every case without its decay, `[case]`; 0 for a case without rows. Gradients flow to `delta`.
    ///
    /// - Parameter delta: `[case, dModel]`, float32. 0 in the first call, which records what divergence is measured
    ///   from.
    mutating func loss(_ delta: Tensor, divergenceFactor: Double, _ model: Model) throws -> Tensor {
        let count = delta.shape[0]
        let likelihood = reads(ofDivergence: false)
        let divergence = reads(ofDivergence: true)
        let logits = try logits(delta, likelihood.map(\.token), divergence.map(\.token), model)
        let targets = try Tensor(likelihood.map { $0.target ?? 0 }, device: delta.device)
        var loss = try ValueBatch.perCase(
            logits.likelihood.crossEntropy(targets, reduction: .none), likelihood, count)
        if let edited = try logits.divergence?.logSoftmax() {
            let unedited = try reference ?? edited.detached()
            reference = unedited
            let divergences = try edited.klDivergence(to: unedited)
            loss = try loss + divergenceFactor * ValueBatch.perCase(divergences, divergence, count)
        }
        return loss
    }

    /// A prediction that the loss reads. `weight` makes sums means: over the reads of a row, then over a case's rows.
    private struct Read {
        var owner: Int
        var token: TokenIndex
        var target: Int?
        var weight: Double
    }

    private func reads(ofDivergence isDivergence: Bool) -> [Read] {
        let chosen = rows.indices.filter { rows[$0].isDivergence == isDivergence }
        let rowsOfCase = Dictionary(grouping: chosen) { owners[$0] }.mapValues(\.count)
        return chosen.flatMap { row in
            let reads = rows[row].reads
            let weight = 1 / Double(reads.count * (rowsOfCase[owners[row]] ?? 1))
            return reads.map {
                let token = TokenIndex(row: row, position: $0.position - rows[row].lookup)
                return Read(owner: owners[row], token: token, target: $0.target, weight: weight)
            }
        }
    }

    /// Weighted sums of one number per read: `[case]`.
    private static func perCase(_ values: Tensor, _ reads: [Read], _ count: Int) throws -> Tensor {
        var weights = [Float](repeating: 0, count: count * reads.count)
        for (i, read) in reads.enumerated() { weights[read.owner * reads.count + i] = Float(read.weight) }
        let matrix = try Tensor(weights, shape: [count, reads.count], device: values.device)
        return try matrix.matmul(values.unsqueezed(1)).squeezed(1)
    }

    /// The logits at tokens of the stream, float32: `[n, vocabulary]` each.
    private func logits(
        _ delta: Tensor, _ likelihood: [TokenIndex], _ divergence: [TokenIndex], _ model: Model
    ) throws -> (likelihood: Tensor, divergence: Tensor?) {
        let width = stream.shape[1]
        let lookup = try stream.sliced(1, 0..<1) + delta.indexSelect(0, owners).unsqueezed(1)
        let edited = try Tensor.concatenated([lookup, stream.sliced(1, 1..<width)], 1)
        let end = model.info.layerCount
        if lossLayer == end - 1 {
            let logits = try logits(
                from: edited, lengths, layer + 1..<end, past, at: likelihood + divergence, model)
            guard !divergence.isEmpty else { return (logits, nil) }
            return (try logits[0..<likelihood.count], try logits[likelihood.count..<logits.shape[0]])
        }
        // The likelihood reads the final norm and the head behind an earlier block; the divergence the whole model.
        var behind = edited
        if lossLayer > layer {
            var pass = Forward(.residual(edited, lengths: lengths), layers: layer + 1..<lossLayer + 1, logits: .none)
            pass.past = past
            pass.captures = [Capture(.residualOut(lossLayer))]
            behind = try model.forward(pass).captures[0].cast(to: .float32)
        }
        let read = try behind.pick(Tensor(likelihood, device: behind.device)).unsqueezed(1)
        let likelihoodLogits = try logits(
            from: read, [Int](repeating: 1, count: likelihood.count), end..<end, nil,
            at: likelihood.indices.map { TokenIndex(row: $0, position: 0) }, model)
        guard !divergence.isEmpty else { return (likelihoodLogits, nil) }
        return (
            likelihoodLogits,
            try logits(from: behind, lengths, lossLayer + 1..<end, past, at: divergence, model)
        )
    }

    private func logits(
        from stream: Tensor, _ lengths: [Int], _ layers: Range<Int>, _ past: KeyValueCache?, at tokens: [TokenIndex],
        _ model: Model
    ) throws -> Tensor {
        var pass = Forward(.residual(stream, lengths: lengths), layers: layers, logits: .at(tokens))
        pass.past = layers.isEmpty ? nil : past
        let output = try model.forward(pass)
        guard let logits = output.logits else { throw SutureError(.internal, "the model returned no logits") }
        return try logits.cast(to: .float32)
    }
}
